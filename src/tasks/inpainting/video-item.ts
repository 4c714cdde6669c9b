import { guardedInput, openFrameStream } from '../../media/frame-stream.js';
import type { VideoProbe } from '../../media/probe.js';
import { probeStoredVideo } from '../../media/stored-video.js';
import { probeStreams } from '../../media/source-streams.js';
import type { ResultContainer } from '../../media/video-encoder.js';
import type { ColourConversion } from '../../media/ffmpeg-arguments.js';
import { openVideoOutput, planColours, warningsOfOutput } from './video-output.js';
import { Yuv420 } from '../../media/yuv420.js';
import { blendFill } from './blend.js';
import { sourceName, type InpaintingItem } from './plan.js';
import { fillPixels } from './fill-pixels.js';
import { allHole } from './image-item.js';
import type { ItemResult } from './item-result.js';
import type { ItemWork } from './item-work.js';
import { largeHoleReason, largeHoleWarning } from '../../domain/large-hole.js';
import { measureHole } from '../../vision/inpainting/hole-size.js';
import { countHoles } from '../../vision/image/mask.js';
import { openMaskTrack, type FrameMask } from './mask-track.js';
import {
  SingleFrameFill,
  TemporalFill,
  type FillRest,
  type FrameFill,
  type TemporalFrame,
  type WindowFrame,
} from './temporal-fill.js';
import { writePreview, type PreviewPair } from './previews.js';

const NOTHING_FILLED = 'Nothing was filled: the video was copied and is not billed.';
const NOTHING_FOUND = 'The detector found nothing in any frame: the video is unchanged.';
const FORMATS: Readonly<Record<ResultContainer, string>> = { mp4: 'video/mp4', avi: 'video/x-msvideo' };

/** Running totals of a video. */
class VideoTally {
  frames = 0;
  filledPixels = 0;
  filledFrames = 0;
  /** Number of frames that the mask covers completely. */
  coveredFrames = 0;
  nonBinary = 0;
  readonly origin = { seen: 0, carried: 0, filled: 0 };
  readonly timings: Record<string, number> = {};
  readonly warnings = new Set<string>();
  readonly methods = new Set<string>();
  preview: PreviewPair | null = null;
  largeHole: string | null = null;
  /** First warning that a mask was grown by less than requested. */
  limitedGrowth: string | null = null;

  addTime(stage: string, milliseconds: number): void {
    this.timings[stage] = (this.timings[stage] ?? 0) + milliseconds;
  }

  addFrame(mask: FrameMask, origin: TemporalFrame['origin']): void {
    this.frames += 1;
    this.filledPixels += mask.filled;
    this.filledFrames += mask.filled > 0 ? 1 : 0;
    this.nonBinary += mask.nonBinaryShare;
    this.coveredFrames += mask.covered ? 1 : 0;
    if (mask.warning !== null) this.limitedGrowth ??= mask.warning;
    this.origin.seen += origin.seen;
    this.origin.carried += origin.carried;
    this.origin.filled += origin.filled;
  }

  /** Shares of the filled pixels by origin, 0 to 1 each. */
  shares(): Record<'seenShare' | 'carriedShare' | 'newShare', number> {
    const of = (count: number) => (this.filledPixels === 0 ? 0 : count / this.filledPixels);
    return {
      seenShare: of(this.origin.seen),
      carriedShare: of(this.origin.carried),
      newShare: of(this.origin.filled),
    };
  }
}

/** Probes the file again, to check that it still matches the plan that was charged. */
function probeSource(work: ItemWork, item: InpaintingItem, file: string): Promise<VideoProbe> {
  const { ffmpeg: tools, signal } = work.engine;
  return probeStoredVideo(file, item.source, { tools, signal, decode: 'all' });
}

/** Creates the fill for pixels that no other frame shows. */
function fillRestOf(work: ItemWork, item: InpaintingItem, tally: VideoTally): FillRest {
  const { params, engine } = work;
  return async (image, rest) => {
    if (countHoles(rest.data) === rest.data.length) throw allHole(item);
    const reason = largeHoleReason(measureHole(rest));
    const filled = await fillPixels(work.filler, {
      large: reason !== null,
      image,
      mask: rest,
      strategy: params.strategy === 'auto' ? 'crop' : params.strategy,
      quality: params.quality,
      variants: 1,
      seed: params.seed,
      signal: engine.signal,
      onProgress: () => undefined,
    });
    const [{ method, image: fill, learned = false }] = filled.images;
    // Reported once, for the first such frame, because sizes vary slightly from frame to frame.
    if (reason !== null) tally.largeHole ??= largeHoleWarning(reason, method, learned);
    for (const [stage, time] of Object.entries(filled.timings)) tally.addTime(stage, time);
    filled.warnings.forEach((warning) => tally.warnings.add(warning));
    tally.methods.add(method);
    return fill;
  };
}

/** The video to fill. */
interface VideoSource {
  readonly file: string;
  readonly probe: VideoProbe;
  readonly colours: Yuv420;
  readonly conversion: ColourConversion;
}

/** Reads the frames of the source with their masks, in order. */
async function* maskedFrames(
  work: ItemWork,
  item: InpaintingItem,
  { file, probe, colours, conversion }: VideoSource,
): AsyncGenerator<WindowFrame> {
  const { ffmpeg: tools, signal } = work.engine;
  const masks = await openMaskTrack(work, item, conversion);
  try {
    const frames = openFrameStream({
      path: file,
      probe,
      plan: { start: 0, end: probe.frameCount, step: 1 },
      workingSize: { width: probe.width, height: probe.height },
      format: 'yuv420p',
      colours: conversion,
      tools,
      signal,
    });
    for await (const { data, timeSeconds } of frames) {
      signal.throwIfAborted();
      const image = { width: probe.width, height: probe.height, data: colours.toRgb(data) };
      yield { timeSeconds, yuv: data, image, mask: await masks.at({ timeSeconds, image }) };
    }
  } finally {
    await masks.close();
  }
}

/** Fills the frames of the source and yields them as 4:2:0 in order; delayed by the window of the temporal fill. */
async function* filledFrames(
  work: ItemWork,
  item: InpaintingItem,
  { source, tally }: { readonly source: VideoSource; readonly tally: VideoTally },
): AsyncGenerator<Uint8Array> {
  const { probe, colours } = source;
  const size = { width: probe.width, height: probe.height };
  const rest = fillRestOf(work, item, tally);
  const fill: FrameFill = work.params.temporal ? new TemporalFill(size, rest) : new SingleFrameFill(rest);
  const blended = async ({ yuv, image: original, fill: filled, mask, origin }: TemporalFrame) => {
    work.engine.signal.throwIfAborted();
    const blending = { original, fill: filled, ...mask };
    const image = mask.filled === 0 ? original : await blendFill(work.params.blendMode, blending);
    tally.addFrame(mask, origin);
    if (tally.preview === null && mask.filled > 0)
      tally.preview = { before: original, after: image, grown: mask.grown };
    work.onProgress(tally.frames / probe.frameCount);
    return mask.filled === 0 ? yuv : colours.paint(yuv, image.data, mask.grown.data);
  };
  for await (const frame of maskedFrames(work, item, source))
    for await (const filled of fill.push(frame)) yield await blended(filled);
  for await (const filled of fill.finish()) yield await blended(filled);
}

/** Fills every frame of a video and writes it with the source's size, frame rate and audio. */
export async function fillVideo(work: ItemWork, item: InpaintingItem): Promise<ItemResult> {
  const { engine, params } = work;
  const file = engine.mediaPaths[sourceName(item)];
  const probe = await probeSource(work, item, file);
  const container: ResultContainer = params.outputFormat === 'avi' ? 'avi' : 'mp4';
  const name = `${work.stems.get(item.number) ?? `video_${item.number}`}.${container}`;
  const input = guardedInput({ path: file, probe });
  const size = { width: probe.width, height: probe.height };
  const found = await probeStreams(input, { tools: engine.ffmpeg, signal: engine.signal });
  const { streams, colours: conversion, warnings } = await planColours(work, found, probe);
  const colours = new Yuv420(size, streams.colourMatrix);
  const tally = new VideoTally();
  warnings.forEach((warning) => tally.warnings.add(warning));
  warningsOfOutput(probe, streams, container).forEach((warning) => tally.warnings.add(warning));
  const encoder = await openVideoOutput(work, { probe, streams, source: input, container, name });
  try {
    const source = { file, probe, colours, conversion };
    for await (const frame of filledFrames(work, item, { source, tally })) await encoder.write(frame);
    await encoder.finish();
  } finally {
    await encoder.stop();
  }
  return resultOf(work, item, { tally, probe, name, container });
}

async function resultOf(
  work: ItemWork,
  item: InpaintingItem,
  made: { tally: VideoTally; probe: VideoProbe; name: string; container: ResultContainer },
): Promise<ItemResult> {
  const { tally, probe, name, container } = made;
  const copied = tally.filledFrames === 0;
  if (tally.origin.seen > 0) tally.methods.add('other_frames');
  const method = copied ? 'copy' : [...tally.methods].join('+');
  const { coveredFrames, frames } = tally;
  if (coveredFrames > 0)
    tally.warnings.add(
      `The mask covers ${coveredFrames} of ${frames} frames wholly: they were left as they are.`,
    );
  if (copied) tally.warnings.add(work.masks ? NOTHING_FOUND : NOTHING_FILLED);
  return {
    item,
    status: copied ? 'copied' : 'filled',
    files: [{ name, type: FORMATS[container], variant: 1, method }],
    holeShare: tally.filledPixels / (tally.frames * probe.width * probe.height),
    strategy: copied ? null : work.params.strategy === 'auto' ? 'crop' : work.params.strategy,
    timings: tally.timings,
    warnings: [...tally.warnings, tally.limitedGrowth, tally.largeHole].filter((text) => text !== null),
    error: null,
    preview: tally.preview && (await writePreview(work.folder, item, tally.preview)),
    frames: tally.frames,
    facts: {
      fps: probe.fps.num / probe.fps.den,
      durationSeconds: probe.durationSeconds,
      filledFrames: tally.filledFrames,
      maskNonBinaryShare: tally.nonBinary / tally.frames,
      ...tally.shares(),
    },
  };
}
