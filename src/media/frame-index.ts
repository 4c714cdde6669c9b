import type { FrameSource } from '../domain/dataset.js';
import type { AppError } from '../errors/app-error.js';
import { frameIndexArguments, indexedTick, type GuardedInput } from './ffmpeg-arguments.js';
import { failureDetails, FfmpegChild, throwIfStopped, type ChildEnd } from './ffmpeg-runner.js';
import { linesOf, tooManyFrames, type PacketChildOptions, type PacketList } from './packet-list.js';
import { videoCorrupt } from './probe-stream.js';
import { tooLarge } from './decoder-limits.js';

/** The frames that the decoder returns, in its order. */
export interface FrameIndex {
  readonly frameCount: number;
  readonly frameSource: FrameSource;
  /** Whether {@link ticks} are times; AVI has none. */
  readonly timed: boolean;
  /** Presentation times in units of the stream's time base; see `frameTimeline`. */
  readonly ticks: Float64Array;
  readonly reorderDepth: number;
  /** Whether every frame has the time of its packet, so that seeking by time finds it. */
  readonly regular: boolean;
  /** Whether all frames have the same size and pixel format. */
  readonly oneSize: boolean;
}

/** Options of {@link indexFrames}. */
export interface IndexOptions {
  readonly child: PacketChildOptions;
  readonly maxFrames: number;
  /** Maximum number of packets to decode; the rest are assumed to be one frame each. All by default. */
  readonly decodedFrames?: number;
}

/** The index of a video for which a previous decode found one frame per packet. */
export function indexOfPackets({ count, timed, ticks, reorderDepth, pieced }: PacketList): FrameIndex {
  const shared = { frameCount: count, ticks, reorderDepth, timed, oneSize: true };
  return { ...shared, frameSource: 'packets', regular: timed && !pieced && isStrictlyAscending(ticks) };
}

/**
 * Decodes a video to find its actual frames. Packets are not frames: VP8 has hidden ones, a cut recording
 * starts with frames whose references are missing, interlaced video may store the two fields of a frame
 * separately, and damaged packets give no frame. The options equal those of the frame stream, so jobs get the
 * same frames.
 * @throws AppError `VIDEO_CORRUPT` when no frame can be decoded, `TOO_MANY_FRAMES`, `VIDEO_TOO_LARGE`,
 *   `RESOURCE_LIMIT`
 */
export async function indexFrames(
  input: GuardedInput,
  packets: PacketList,
  options: IndexOptions,
): Promise<FrameIndex> {
  const limit = Math.min(options.decodedFrames ?? Infinity, options.maxFrames + 1);
  const decoded = await decodeTimes(input, limit, options);
  if (decoded.ticks.length > options.maxFrames) throw tooManyFrames(options.maxFrames);
  const { count, ticks, timed, reorderDepth } = packets;
  const times = Float64Array.from(decoded.ticks);
  const compared = Math.min(times.length, count);
  const sameTimes = timed && times.subarray(0, compared).every((tick, index) => tick === ticks[index]);
  const sameCount = decoded.complete ? times.length === count : times.length <= count;
  const oneSize = decoded.oneSize;
  const { container } = input;
  if (sameCount && oneSize && (sameTimes || (!timed && container === 'avi'))) {
    const frameSource = decoded.complete ? 'packets' : null;
    return { ...indexOfPackets(packets), frameSource };
  }
  const rest = decoded.complete ? [] : packetsAfter(times, packets);
  const all = Float64Array.from([...times, ...rest]);
  if (all.length > options.maxFrames) throw tooManyFrames(options.maxFrames);
  return {
    frameCount: all.length,
    frameSource: decoded.complete ? 'decoder' : null,
    timed: container !== 'avi',
    ticks: all,
    reorderDepth,
    regular: false,
    oneSize,
  };
}

/** Times of the packets that were not decoded: those presented after the last decoded frame. */
function packetsAfter(times: Float64Array, { ticks, timed }: PacketList): Float64Array {
  if (!timed) return ticks.subarray(Math.min(times.length, ticks.length));
  const last = times[times.length - 1];
  // In a file of several parts other frames may have the same time; the nearest place is that of the last frame.
  const places = [...ticks.keys()].filter((place) => ticks[place] === last);
  if (places.length === 0) return ticks.filter((tick) => tick > last);
  const away = (place: number): number => Math.abs(place - times.length + 1);
  const nearest = places.reduce((best, place) => (away(place) < away(best) ? place : best));
  const next = ticks.findIndex((tick, place) => place > nearest && tick !== last);
  return next < 0 ? new Float64Array() : ticks.subarray(next);
}

function isStrictlyAscending(ticks: Float64Array): boolean {
  return ticks.every((tick, index) => index === 0 || tick > ticks[index - 1]);
}

interface Decoded {
  readonly ticks: readonly number[];
  readonly oneSize: boolean;
  /** Whether the decoder reached the end of the file. */
  readonly complete: boolean;
}

async function decodeTimes(input: GuardedInput, limit: number, options: IndexOptions): Promise<Decoded> {
  const { tools, ...rest } = options.child;
  const args = frameIndexArguments(input, limit);
  const spec = { command: tools.ffmpegPath, args, confinement: tools.confinement, ...rest };
  const child = new FfmpegChild(spec);
  const ticks: number[] = [];
  const sizes = new Set<string>();
  try {
    for await (const line of linesOf(child.stdout)) {
      const [, tick, size] = /^0,[^,]+,\s*(-?\d+),[^,]+,\s*(\d+),/.exec(line) ?? [];
      if (tick === undefined) continue;
      ticks.push(indexedTick(input, Number(tick)));
      sizes.add(size);
    }
  } catch (error) {
    await child.stop();
    throw error;
  }
  const end = await child.ended;
  // After a timeout, the frames decoded so far are enough if only a part was requested.
  const ranOut = end.stoppedBy === 'timeout' && options.decodedFrames !== undefined && ticks.length > 0;
  if (!ranOut) throwIfStopped(end, spec);
  if (ticks.length === 0) throw nothingDecoded(input, end);
  return { ticks, oneSize: sizes.size === 1, complete: !ranOut && ticks.length < limit };
}

function nothingDecoded(input: GuardedInput, end: ChildEnd): AppError {
  if (/exceeds specified max pixel count/.test(end.stderr))
    return tooLarge(`The video's frames have more than ${input.maxPixels} pixels.`, {
      maxPixels: input.maxPixels,
    });
  return videoCorrupt('none of its frames can be decoded', failureDetails(end));
}
