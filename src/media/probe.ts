import type { FrameSource } from '../domain/dataset.js';
import { AppError } from '../errors/app-error.js';
import { DECODE_LIMITS, PROBE_LIMITS, type ConfinementLimits } from '../supervision/confinement.js';
import { checkContainerComplete } from './container-structure.js';
import { checkVideoSize, decoderPixelLimit, tooLarge } from './decoder-limits.js';
import { streamProbeArguments, type GuardedInput, type VideoContainer } from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, runFfmpeg } from './ffmpeg-runner.js';
import { indexFrames, indexOfPackets, type FrameIndex } from './frame-index.js';
import type { FrameRate, FrameTiming } from './frame-plan.js';
import { frameTimeline } from './frame-timeline.js';
import { listPackets, type PacketList } from './packet-list.js';
import { analyseTiming } from './probe-timing.js';
import { containerOf, sniffFile, VIDEO_TYPES } from './sniff.js';
import { codecOf, parseStream, rotationOf, videoCorrupt, type RawStream } from './probe-stream.js';

/** Properties of a video, determined from its packets and its decoder instead of its headers. */
export interface VideoProbe extends FrameTiming {
  readonly container: VideoContainer;
  /** FFmpeg's name of the codec, for example `h264`. */
  readonly codec: string;
  /** Size after {@link rotation}. */
  readonly width: number;
  readonly height: number;
  /** Clockwise degrees by which players rotate the stored image; decoded frames are already rotated. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Width of a pixel divided by its height, after rotation; players scale the frames by it. */
  readonly pixelAspect: FrameRate;
  /** Number of frames that the decoder returns. */
  readonly frameCount: number;
  /** How the frames were counted; see {@link FrameSource}. */
  readonly frameSource: FrameSource;
  /** Seconds from the start of the first frame to the end of the last one. */
  readonly durationSeconds: number;
  /** Whether frame `n` is within a quarter of a frame duration of `n / fps`. */
  readonly constantRate: boolean;
  /** Whether frames have alpha; see {@link RawStream}. */
  readonly hasAlpha: boolean;
  /** Number of video streams in the file, of which the first is used; cover images are not counted. */
  readonly videoStreams: number;
  /** Whether the file has parts with separate clocks, which were concatenated. */
  readonly joined: boolean;
}

/** Limits on a video. */
export interface VideoLimits {
  /** Maximum width times height. */
  readonly maxPixels: number;
  readonly maxFrames: number;
  /** Maximum number of packets; {@link PACKETS_PER_FRAME} times {@link maxFrames} by default. */
  readonly maxPackets?: number;
}

/** Result of an earlier probe of the same file. */
export type KnownFrames = Pick<VideoProbe, 'frameCount' | 'frameSource'>;

/** Options of {@link probeVideo}. */
export interface ProbeOptions {
  readonly tools: FfmpegTools;
  readonly limits: VideoLimits;
  readonly signal?: AbortSignal;
  /** Kernel limits of the child processes that do not decode; {@link PROBE_LIMITS} by default. */
  readonly confinement?: ConfinementLimits;
  /**
   * Wall-clock limit of each child in milliseconds; 60 000 by default, four times as much for the decoder.
   */
  readonly wallClockMs?: number;
  /** Avoids decoding the file again when an earlier probe found one frame per packet. */
  readonly known?: KnownFrames;
  /**
   * `all` decodes the whole video however long that takes; `part`, the default, decodes about
   * {@link DECODED_PIXELS} and assumes one frame for each further packet.
   */
  readonly decode?: 'all' | 'part';
}

/**
 * Number of pixels that an upload decodes: some 40 seconds of processor time, or 2.5 minutes of 1080p at 30
 * frames per second.
 */
export const DECODED_PIXELS = 10_000_000_000;
/** Minimum cost of a frame in pixels, however small it is. */
const MIN_PIXELS = 100_000;
const DECODER_WALL_CLOCK_FACTOR = 4;
const SEEKABLE: readonly VideoContainer[] = ['mp4', 'mkv', 'webm'];

/**
 * Probes a video: detects its type, checks that it is complete, reads its first video stream, lists its
 * packets and decodes it, each in a confined child process. Uploads and jobs call it with the same limits, so
 * that an accepted video passes again.
 * @param path absolute path of the file
 * @throws AppError `UNSUPPORTED_TYPE`, `EMPTY_FILE`, `NO_VIDEO_STREAM`, `VIDEO_CORRUPT`, `UNSUPPORTED_CODEC`,
 *   `VIDEO_TOO_LARGE`, `VIDEO_TOO_SMALL`, `TOO_MANY_FRAMES`, `RESOURCE_LIMIT`, `MEDIA_TIMEOUT`,
 *   `MEDIA_CHANGED`
 */
export async function probeVideo(path: string, options: ProbeOptions): Promise<VideoProbe> {
  const { maxPixels, maxFrames, maxPackets = PACKETS_PER_FRAME * maxFrames } = options.limits;
  const container = containerOf(await sniffFile(path, VIDEO_TYPES));
  await checkContainerComplete(path, container);
  const stream = await readStream({ path, container, maxPixels: decoderPixelLimit(maxPixels) }, options);
  const codec = codecOf(stream);
  checkVideoSize(stream, maxPixels);
  const input = { path, container, maxPixels: decoderPixelLimit(stream.width * stream.height) };
  const packets = await listPackets(input, childOptions(options), maxPackets);
  const index = await indexOf(input, { packets, stream }, options);
  const { ticks, joined } = frameTimeline(index.ticks, container);
  const rotation = rotationOf(stream);
  const turned = rotation === 90 || rotation === 270;
  const { num, den } = stream.pixelAspect;
  return {
    container,
    codec,
    width: turned ? stream.height : stream.width,
    height: turned ? stream.width : stream.height,
    rotation,
    pixelAspect: turned ? { num: den, den: num } : { num, den },
    frameSource: index.frameSource,
    hasAlpha: stream.hasAlpha,
    videoStreams: stream.videoStreams,
    joined,
    ...analyseTiming({ ...index, ticks }, stream, SEEKABLE.includes(container)),
  };
}

/** A frame may consist of two packets, one per field, or be preceded by the packet of a hidden frame. */
const PACKETS_PER_FRAME = 2;

async function indexOf(
  input: GuardedInput,
  { packets, stream }: { readonly packets: PacketList; readonly stream: RawStream },
  options: ProbeOptions,
): Promise<FrameIndex> {
  const { known } = options;
  if (known?.frameSource === 'packets') {
    if (packets.count === known.frameCount) return indexOfPackets(packets);
    throw new AppError('MEDIA_CHANGED', {
      message: `The video now has ${packets.count} frames, but had ${known.frameCount} when it was stored.`,
    });
  }
  const pixels = Math.max(MIN_PIXELS, stream.width * stream.height);
  const part = Math.max(1, Math.floor(DECODED_PIXELS / pixels));
  const decodedFrames = options.decode === 'all' || packets.count <= part ? undefined : part;
  const child = { ...childOptions(options), limits: DECODE_LIMITS };
  return indexFrames(input, packets, {
    child: { ...child, wallClockMs: wallClockOf(options, child.wallClockMs) },
    maxFrames: options.limits.maxFrames,
    decodedFrames,
  });
}

function wallClockOf({ decode }: ProbeOptions, wallClockMs: number): number | undefined {
  return decode === 'all' ? undefined : DECODER_WALL_CLOCK_FACTOR * wallClockMs;
}

function childOptions(options: ProbeOptions) {
  return {
    tools: options.tools,
    limits: options.confinement ?? PROBE_LIMITS,
    wallClockMs: options.wallClockMs ?? 60_000,
    signal: options.signal,
  };
}

async function readStream(input: GuardedInput, options: ProbeOptions): Promise<RawStream> {
  const { tools, ...limits } = childOptions(options);
  const args = streamProbeArguments(input);
  const spec = { command: tools.ffprobePath, args, confinement: tools.confinement, ...limits };
  const { stdout, end } = await runFfmpeg(spec);
  const stream = end.exitCode === 0 ? parseStream(stdout.toString('utf8')) : undefined;
  if (stream !== undefined && stream.width >= 1 && stream.height >= 1) return stream;
  const { maxPixels } = options.limits;
  if (/exceeds specified max pixel count/.test(end.stderr))
    throw tooLarge(`The video's frames have more than the ${maxPixels} pixels allowed.`, { maxPixels });
  if (stream === undefined) throw videoCorrupt('its headers cannot be read', failureDetails(end));
  throw videoCorrupt('its frame size is unknown', failureDetails(end));
}
