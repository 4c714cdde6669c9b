import { AppError } from '../errors/app-error.js';
import { PROBE_LIMITS, type ConfinementLimits } from './confinement.js';
import { checkContainerComplete } from './container-structure.js';
import {
  firstFrameArguments,
  streamProbeArguments,
  type GuardedInput,
  type VideoContainer,
} from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, runFfmpeg, type ChildEnd, type RunOutput } from './ffmpeg-runner.js';
import { frameTime, type FrameTiming } from './frame-plan.js';
import { listPackets, type PacketList } from './packet-list.js';
import { analyseTiming } from './probe-timing.js';
import { sniffFile, VIDEO_TYPES, type SniffedType } from './sniff.js';
import {
  checkPixels,
  codecOf,
  parseStream,
  rotationOf,
  videoCorrupt,
  type RawStream,
} from './probe-stream.js';

/** What a video is, from its packets and its decoder, not from what its headers claim. */
export interface VideoProbe extends FrameTiming {
  readonly container: VideoContainer;
  /** FFmpeg's name of the codec, for example `h264`. */
  readonly codec: string;
  /** Pixels as shown, that is after {@link rotation}. */
  readonly width: number;
  readonly height: number;
  /** Degrees clockwise by which players turn the stored picture; decoded frames are already turned. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Frames a decoder delivers: counted packets without empty ones and those an edit list discards. */
  readonly frameCount: number;
  /** Seconds from the first frame's begin to the last frame's end. */
  readonly durationSeconds: number;
  /** Whether frame `n` lies within a quarter of a frame of `n / fps`. */
  readonly constantRate: boolean;
}

/** Limits a video has to keep. */
export interface VideoLimits {
  /** Width times height. */
  readonly maxPixels: number;
  readonly maxFrames: number;
}

/** What {@link probeVideo} needs. */
export interface ProbeOptions {
  readonly tools: FfmpegTools;
  readonly limits: VideoLimits;
  readonly signal?: AbortSignal;
  /** Kernel limits of each child; {@link PROBE_LIMITS} by default. */
  readonly confinement?: ConfinementLimits;
  /** Wall-clock limit of each child in milliseconds; 60 000 by default. */
  readonly wallClockMs?: number;
  /** Whether the first frame is decoded; true by default. Needless where all frames are about to be. */
  readonly decodesFirstFrame?: boolean;
  /** Whether `presentationTimes` shall be in the answer even if the rate is constant; false by default. */
  readonly withPresentationTimes?: boolean;
}

/**
 * Looks at a video from a stranger: sniffs it, checks that it is complete, reads its first video stream, counts its
 * packets and decodes its first frame, each in a confined child.
 * @param path absolute path of the file
 * @throws AppError `UNSUPPORTED_TYPE`, `EMPTY_FILE`, `NO_VIDEO_STREAM`, `VIDEO_CORRUPT`, `UNSUPPORTED_CODEC`,
 *   `VIDEO_TOO_LARGE`, `TOO_MANY_FRAMES`, `RESOURCE_LIMIT`, `MEDIA_TIMEOUT`
 */
export async function probeVideo(path: string, options: ProbeOptions): Promise<VideoProbe> {
  const container = containerOf(await sniffFile(path, VIDEO_TYPES));
  await checkContainerComplete(path, container);
  const input: GuardedInput = { path, container, maxPixels: options.limits.maxPixels };
  const stream = await readStream(input, options);
  const codec = codecOf(stream);
  checkPixels(stream, options.limits.maxPixels);
  const packets = await listPackets(input, childOptions(options), {
    maxFrames: options.limits.maxFrames,
    timeBase: stream.timeBase,
  });
  const timing = analyseTiming(packets, stream);
  if (options.decodesFirstFrame ?? true) await decodeFirstFrame(input, packets, options);
  const rotation = rotationOf(stream);
  const turned = rotation === 90 || rotation === 270;
  const { presentationTimes, ...facts } = timing;
  return {
    container,
    codec,
    width: turned ? stream.height : stream.width,
    height: turned ? stream.width : stream.height,
    rotation,
    ...facts,
    ...(options.withPresentationTimes ? { presentationTimes } : {}),
  };
}

/**
 * Reads the times of all frames again, for a video whose stored probe says that its rate varies.
 * @returns seconds after the first frame, ascending from 0; as many as `probe.frameCount`
 */
export async function readPresentationTimes(
  path: string,
  probe: VideoProbe,
  options: ProbeOptions,
): Promise<Float64Array> {
  const input: GuardedInput = { path, container: probe.container, maxPixels: options.limits.maxPixels };
  const stream = await readStream(input, options);
  const request = {
    maxFrames: Math.max(probe.frameCount, options.limits.maxFrames),
    timeBase: stream.timeBase,
  };
  const { presentationTimes } = analyseTiming(
    await listPackets(input, childOptions(options), request),
    stream,
  );
  if (presentationTimes !== undefined) return presentationTimes;
  return Float64Array.from({ length: probe.frameCount }, (_, index) => frameTime(index, probe));
}

function containerOf(type: SniffedType): VideoContainer {
  return type === 'avi' || type === 'mkv' || type === 'webm' ? type : 'mp4';
}

function childOptions(options: ProbeOptions) {
  return {
    tools: options.tools,
    limits: options.confinement ?? PROBE_LIMITS,
    wallClockMs: options.wallClockMs ?? 60_000,
    signal: options.signal,
  };
}

async function runChild(
  program: 'ffmpegPath' | 'ffprobePath',
  args: readonly string[],
  options: ProbeOptions,
): Promise<RunOutput> {
  const { tools, ...limits } = childOptions(options);
  return runFfmpeg({ command: tools[program], args, confinement: tools.confinement, ...limits });
}

async function readStream(input: GuardedInput, options: ProbeOptions): Promise<RawStream> {
  const { stdout, end } = await runChild('ffprobePath', streamProbeArguments(input), options);
  throwIfTooLarge(end, input.maxPixels);
  if (end.exitCode !== 0) throw videoCorrupt('its headers cannot be read', failureDetails(end));
  return parseStream(stdout.toString('utf8'));
}

async function decodeFirstFrame(
  input: GuardedInput,
  packets: PacketList,
  options: ProbeOptions,
): Promise<void> {
  const { stdout, end } = await runChild('ffmpegPath', firstFrameArguments(input), options);
  throwIfTooLarge(end, input.maxPixels);
  const line = stdout
    .toString('utf8')
    .split('\n')
    .find((text) => text.startsWith('0,'));
  if (end.exitCode !== 0 || line === undefined)
    throw videoCorrupt('its first frame cannot be decoded', failureDetails(end));
  if (!packets.timed) return;
  // A decoder silently drops frames whose key frame is missing; then a later frame comes out first.
  const shownAt = Number(line.split(',')[2]) / 1e6;
  const gap = packets.times.length > 1 ? packets.times[1] - packets.times[0] : 1;
  if (Math.abs(shownAt - packets.times[0]) > gap / 2)
    throw videoCorrupt('its first frame needs data that is missing', {});
}

function throwIfTooLarge(end: ChildEnd, maxPixels: number): void {
  if (!/exceeds specified max pixel count/.test(end.stderr)) return;
  throw new AppError({
    code: 'VIDEO_TOO_LARGE',
    kind: 'too_large',
    message: `The video's pictures have more than the ${maxPixels} pixels allowed.`,
    details: { maxPixels },
  });
}
