import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ColourConversion, GuardedInput } from '../../media/ffmpeg-arguments.js';
import { frameTime } from '../../media/frame-plan.js';
import type { VideoProbe } from '../../media/probe.js';
import { isHdr, toneMapCube } from '../../media/tone-map.js';
import { isRgb, type SourceStreams } from '../../media/source-streams.js';
import {
  encoderFilters,
  frameTimesScript,
  steadyRate,
  VideoEncoder,
  type ResultContainer,
} from '../../media/video-encoder.js';
import type { ItemWork } from './item-work.js';

/** How the frames of a source are read so that the colours of the result match. */
export interface SourceColours {
  /** Streams with the colour tags of the result. */
  readonly streams: SourceStreams;
  readonly colours: ColourConversion;
  readonly warnings: readonly string[];
}

const BT709 = { colourMatrix: 'bt709', primaries: 'bt709', transfer: 'bt709' };

/**
 * Colours of the result: HDR is converted to SDR, since 8 bits cannot represent it; RGB is converted to BT.709;
 * everything else is kept.
 */
export async function planColours(
  work: ItemWork,
  streams: SourceStreams,
  { hasAlpha }: Pick<VideoProbe, 'hasAlpha'>,
): Promise<SourceColours> {
  const alpha = hasAlpha ? ['The transparency of the source is not kept.'] : [];
  if (isHdr(streams.transfer)) {
    const toneMapFile = path.join(work.engine.workspace, `${streams.transfer}.cube`);
    await writeFile(toneMapFile, toneMapCube(streams.transfer));
    const name = streams.transfer === 'smpte2084' ? 'PQ' : 'HLG';
    return {
      streams: { ...streams, ...BT709 },
      colours: { toneMapFile },
      warnings: [
        `The source has a high dynamic range (${name}); the result is its standard range (BT.709).`,
        ...alpha,
      ],
    };
  }
  if (isRgb(streams))
    return { streams: { ...streams, ...BT709 }, colours: { toBt709: true }, warnings: alpha };
  return { streams, colours: {}, warnings: alpha };
}

/** Options of {@link openVideoOutput}. */
export interface VideoOutput {
  readonly probe: VideoProbe;
  readonly streams: SourceStreams;
  readonly source: GuardedInput;
  readonly container: ResultContainer;
  /** Name of the file in the report's folder. */
  readonly name: string;
}

/** Warnings about differences between a result and its source. */
export function warningsOfOutput(
  probe: VideoProbe,
  { subtitles }: SourceStreams,
  container: ResultContainer,
): string[] {
  const warnings: string[] = [];
  const times = resultTimes(probe, container);
  if (hasLongPauses(probe, times)) {
    const longest = String(MAX_PAUSE[container]);
    warnings.push(`The source has pauses of more than ${longest} seconds; they are shortened to that.`);
  }
  if (container === 'avi' && !probe.constantRate) {
    const { num, den } = steadyRate(times);
    const rate = (num / den).toFixed(2);
    const how = `the AVI has ${rate} frames a second throughout, some shown twice or left out`;
    warnings.push(`The frame rate of the source varies; ${how}.`);
  }
  if (container === 'avi' && probe.startOffsetSeconds > 0)
    warnings.push('The video of the source starts late; the AVI shows its first frame until then.');
  if (probe.width % 2 === 1 || probe.height % 2 === 1)
    warnings.push('An odd side got one more line of pixels: players need even ones.');
  if (subtitles) warnings.push('The subtitles of the source are not kept.');
  return warnings;
}

/**
 * Longest time between two frames of a result, and before the first one, in seconds. MP4 stores such a step in 31 bits
 * of 1/90 000 s. AVI has no timestamps, so a file of a few bytes could demand years of repeated frames.
 */
const MAX_PAUSE: Readonly<Record<ResultContainer, number>> = { mp4: 6 * 3600, avi: 60 };

/**
 * Times of all frames in seconds after the container's start; longer pauses are shortened and later frames moved
 * forward.
 */
export function resultTimes(probe: VideoProbe, container: ResultContainer): Float64Array {
  const longest = MAX_PAUSE[container];
  const times = new Float64Array(probe.frameCount);
  times[0] = Math.min(longest, probe.startOffsetSeconds);
  for (let index = 1; index < times.length; index += 1) {
    const step = frameTime(index, probe) - frameTime(index - 1, probe);
    times[index] = times[index - 1] + Math.min(longest, step);
  }
  return times;
}

/** The source's frame rate, limited to one frame per longest pause; also the duration of the last frame. */
export function resultRate({ fps }: Pick<VideoProbe, 'fps'>, container: ResultContainer): VideoProbe['fps'] {
  const longest = MAX_PAUSE[container];
  return fps.den > longest * fps.num ? { num: 1, den: longest } : fps;
}

/** Whether {@link resultTimes} differ from the times of the source. */
function hasLongPauses(probe: VideoProbe, times: Float64Array): boolean {
  const last = times.length - 1;
  // A shortened pause removes seconds; rounding changes far less.
  return probe.startOffsetSeconds + frameTime(last, probe) - times[last] > 1;
}

/** Opens the encoder of a result with the source's size, pixel aspect ratio, frame times and audio. */
export async function openVideoOutput(work: ItemWork, output: VideoOutput): Promise<VideoEncoder> {
  const { probe, streams, container, source, name } = output;
  const { engine } = work;
  const settings = {
    container,
    size: { width: probe.width, height: probe.height },
    fps: resultRate(probe, container),
    pixelAspect: probe.pixelAspect,
    streams,
    joined: probe.joined,
    startSeconds: Math.min(MAX_PAUSE[container], probe.startOffsetSeconds),
    signal: engine.signal,
  };
  const timesScript = path.join(engine.workspace, `${name}.times`);
  // FFmpeg rounds a late start to a whole frame, which is half a second off for a frame that is shown for a second.
  const steady = probe.constantRate && (container === 'avi' || probe.startOffsetSeconds === 0);
  const seconds = steady ? null : resultTimes(probe, container);
  if (seconds) await writeFile(timesScript, frameTimesScript(seconds, encoderFilters(settings)));
  return new VideoEncoder({
    ...settings,
    ...(seconds && { timesScript, fps: container === 'avi' ? steadyRate(seconds) : settings.fps }),
    tools: engine.ffmpeg,
    target: path.join(work.folder, name),
    source,
  });
}
