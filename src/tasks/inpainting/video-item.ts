import path from 'node:path';
import { guardedInput, openFrameStream, pixelLimitOf } from '../../media/frame-stream.js';
import { probeVideo, type VideoProbe } from '../../media/probe.js';
import { probeStreams, VideoEncoder, type ResultContainer } from '../../media/video-encoder.js';
import { AppError } from '../../errors/app-error.js';
import { blendFill } from './blend.js';
import { sourceName, type InpaintingItem } from './definition.js';
import { fillPicture } from './fill-picture.js';
import { allHole } from './image-item.js';
import type { ItemResult } from './item-result.js';
import type { ItemWork } from './item-work.js';
import { openMaskTrack, type FrameMask } from './mask-track.js';
import { writePreview, type PreviewPair } from './previews.js';

const FORMATS: Readonly<Record<ResultContainer, string>> = { mp4: 'video/mp4', avi: 'video/x-msvideo' };

/** What has been seen of a video so far. */
class VideoTally {
  frames = 0;
  filledPixels = 0;
  filledFrames = 0;
  nonBinary = 0;
  readonly timings: Record<string, number> = {};
  readonly warnings = new Set<string>();
  readonly methods = new Set<string>();
  preview: PreviewPair | null = null;
}

/** Probes the file again: what was stored must still be what was planned and charged. */
async function probeSource(work: ItemWork, item: InpaintingItem, file: string): Promise<VideoProbe> {
  const { ffmpeg: tools, signal } = work.engine;
  const { width, height, frameCount } = item.source;
  const limits = { maxPixels: pixelLimitOf(item.source), maxFrames: frameCount };
  const probe = await probeVideo(file, { tools, limits, signal });
  if (probe.frameCount === frameCount && probe.width === width && probe.height === height) return probe;
  throw new AppError({
    code: 'MEDIA_CHANGED',
    kind: 'invalid',
    message: `Video "${item.name}" is not the one that was stored any more.`,
  });
}

/** One frame with its hole filled; the frame itself where its mask has no hole. */
async function fillFrame(
  work: ItemWork,
  frame: { readonly width: number; readonly height: number; readonly data: Uint8Array },
  mask: FrameMask,
  tally: VideoTally,
): Promise<Uint8Array> {
  if (mask.filled === 0) return frame.data;
  const { params, engine } = work;
  const filled = await fillPicture(work.filler, {
    picture: frame,
    mask: mask.grown,
    strategy: params.strategy === 'auto' ? 'crop' : params.strategy,
    quality: params.quality,
    variants: 1,
    seed: params.seed,
    signal: engine.signal,
    onProgress: () => undefined,
  });
  const [{ method, rgb: fill }] = filled.pictures;
  for (const [stage, time] of Object.entries(filled.timings))
    tally.timings[stage] = (tally.timings[stage] ?? 0) + time;
  filled.warnings.forEach((warning) => tally.warnings.add(warning));
  tally.methods.add(method);
  tally.filledFrames += 1;
  const { width, height, data: original } = frame;
  return blendFill(params.blendMode, { width, height, original, fill, ...mask });
}

/** Frames of the source, filled, in order. */
async function* filledFrames(
  work: ItemWork,
  item: InpaintingItem,
  source: { readonly file: string; readonly probe: VideoProbe },
  tally: VideoTally,
): AsyncGenerator<Uint8Array> {
  const { ffmpeg: tools, signal } = work.engine;
  const { file, probe } = source;
  const size = { width: probe.width, height: probe.height };
  const masks = await openMaskTrack(work, item);
  try {
    const frames = openFrameStream({
      path: file,
      probe,
      plan: { start: 0, end: probe.frameCount, step: 1 },
      workingSize: size,
      format: 'rgb24',
      tools,
      signal,
    });
    for await (const { data, timeSeconds } of frames) {
      signal.throwIfAborted();
      const mask = await masks.at(timeSeconds);
      if (mask.filled === size.width * size.height) throw allHole(item, work.params.grow);
      const rgb = await fillFrame(work, { ...size, data }, mask, tally);
      tally.frames += 1;
      tally.filledPixels += mask.filled;
      tally.nonBinary += mask.nonBinaryShare;
      if (tally.preview === null && mask.filled > 0)
        tally.preview = { before: { ...size, rgb: data }, after: { ...size, rgb }, grown: mask.grown };
      work.onProgress(tally.frames / probe.frameCount);
      yield rgb;
    }
  } finally {
    await masks.close();
  }
}

/** Fills every frame of a video and writes it with the source's size, rate and sound. */
export async function fillVideo(work: ItemWork, item: InpaintingItem): Promise<ItemResult> {
  const { engine, params } = work;
  const file = engine.mediaPaths[sourceName(item)];
  const probe = await probeSource(work, item, file);
  const container: ResultContainer = params.outputFormat === 'avi' ? 'avi' : 'mp4';
  const name = `video_${item.number}.${container}`;
  const input = guardedInput({ path: file, probe });
  const tally = new VideoTally();
  if (!probe.constantRate)
    tally.warnings.add('The frame rate of the source varies; the result has its mean rate throughout.');
  if (probe.width % 2 === 1 || probe.height % 2 === 1)
    tally.warnings.add('An odd side got one more line of pixels: players need even ones.');
  const encoder = new VideoEncoder({
    tools: engine.ffmpeg,
    target: path.join(work.folder, name),
    container,
    size: { width: probe.width, height: probe.height },
    fps: probe.fps,
    source: input,
    streams: await probeStreams(input, { tools: engine.ffmpeg, signal: engine.signal }),
    startSeconds: probe.startOffsetSeconds,
    signal: engine.signal,
  });
  try {
    for await (const rgb of filledFrames(work, item, { file, probe }, tally)) await encoder.write(rgb);
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
  const method = copied ? 'copy' : [...tally.methods].join('+');
  if (copied) tally.warnings.add('The mask has no hole: the video was copied and is not billed.');
  return {
    item,
    status: copied ? 'copied' : 'filled',
    files: [{ name, type: FORMATS[container], variant: 1, method }],
    holeShare: tally.filledPixels / (tally.frames * probe.width * probe.height),
    strategy: copied ? null : work.params.strategy === 'auto' ? 'crop' : work.params.strategy,
    timings: tally.timings,
    warnings: [...tally.warnings],
    error: null,
    preview: tally.preview && (await writePreview(work.folder, item, tally.preview)),
    frames: tally.frames,
    facts: {
      fps: probe.fps.num / probe.fps.den,
      durationSeconds: probe.durationSeconds,
      filledFrames: tally.filledFrames,
      maskNonBinaryShare: tally.nonBinary / tally.frames,
    },
  };
}
