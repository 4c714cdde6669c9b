import { AppError } from '../errors/app-error.js';
import type { ConfinementLimits } from '../supervision/confinement.js';
import { packetListArguments, type GuardedInput } from './ffmpeg-arguments.js';
import { PartClock } from './frame-timeline.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, FfmpegChild, throwIfStopped, type ChildEnd } from './ffmpeg-runner.js';
import { videoCorrupt } from './probe-stream.js';

/** The packets of a video stream. Their number bounds the number of frames; some packets give no frame. */
export interface PacketList {
  /** Number of packets that are to be shown. */
  readonly count: number;
  /** Whether every packet has a presentation time; AVI has none. */
  readonly timed: boolean;
  /**
   * Presentation times in units of the stream's time base, in ascending order within each part of the file that has a
   * clock of its own (see `frameTimeline`); the decoding time, or 0, for a packet without one.
   */
  readonly ticks: Float64Array;
  /**
   * Largest distance between a frame's position in the file and in presentation order; 0 without B-frames.
   */
  readonly reorderDepth: number;
  /**
   * Whether an edit list joins several pieces of the stream. FFmpeg then decodes packets between the pieces without
   * showing them, and a seek may end in another piece.
   */
  readonly pieced: boolean;
}

/** Options of the child process. */
export interface PacketChildOptions {
  readonly tools: FfmpegTools;
  readonly limits: ConfinementLimits;
  /** No limit by default; then the signal stops the child. */
  readonly wallClockMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Counts the packets of the first video stream by demuxing the whole file without decoding, and collects
 * their times. Stops as soon as there are more than `maxFrames`, which limits the cost of files with millions
 * of tiny packets.
 * @throws AppError `TOO_MANY_FRAMES` (too_large), `VIDEO_CORRUPT`, and the errors of the runner
 */
export async function listPackets(
  input: GuardedInput,
  options: PacketChildOptions,
  maxFrames: number,
): Promise<PacketList> {
  const { tools, ...rest } = options;
  const spec = {
    command: tools.ffprobePath,
    args: packetListArguments(input),
    confinement: tools.confinement,
    ...rest,
  };
  const child = new FfmpegChild(spec);
  const ticks: number[] = [];
  const clock = new PartClock(input.container);
  const parts: number[] = [];
  const edits = new EditWatch();
  let timed = true;
  try {
    for await (const line of linesOf(child.stdout)) {
      const packet = parsePacket(line);
      edits.note(packet);
      if (!packet.shown) continue;
      if (ticks.length === maxFrames) throw tooManyFrames(maxFrames);
      timed &&= packet.pts !== undefined;
      ticks.push(packet.pts ?? packet.dts ?? 0);
      parts.push(clock.partOf(packet.dts));
    }
  } catch (error) {
    await child.stop();
    throw error;
  }
  const end = await child.ended;
  throwIfStopped(end, spec);
  throwIfBroken(end, ticks.length);
  const order = Uint32Array.from(ticks.keys()).sort((a, b) => parts[a] - parts[b] || ticks[a] - ticks[b]);
  return {
    count: ticks.length,
    timed,
    pieced: edits.pieced,
    ticks: Float64Array.from(order, (place) => ticks[place]),
    reorderDepth: timed
      ? order.reduce((depth, place, shown) => Math.max(depth, Math.abs(place - shown)), 0)
      : 0,
  };
}

/** Splits the output of a child into lines. */
export async function* linesOf(stdout: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stdout) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Finds packets that are not shown between others that are. */
class EditWatch {
  #first = Infinity;
  #last = -Infinity;
  /** Earliest time of a packet that is not shown and comes after the first one that is. */
  #hidden = Infinity;

  note({ pts, shown }: Packet): void {
    if (pts === undefined) return;
    if (shown) {
      this.#first = Math.min(this.#first, pts);
      this.#last = Math.max(this.#last, pts);
    } else if (pts > this.#first) this.#hidden = Math.min(this.#hidden, pts);
  }

  get pieced(): boolean {
    return this.#hidden < this.#last;
  }
}

interface Packet {
  readonly pts: number | undefined;
  readonly dts: number | undefined;
  /** False for packets that are never shown: empty ones, and those removed by an edit list (flag D). */
  readonly shown: boolean;
}

const timeOf = (text: string | undefined): number | undefined =>
  text === undefined || text === 'N/A' ? undefined : Number(text);

/** Parses `pts=512|dts=512|size=17|flags=K_`; the rest of the line is ignored. */
function parsePacket(line: string): Packet {
  const [, pts, dts, size, flags] =
    /^pts=(-?\d+|N\/A)\|dts=(-?\d+|N\/A)\|size=(\d+)\|flags=(\S*)/.exec(line) ?? [];
  const shown = Number(size) > 0 && !flags.includes('D');
  return { pts: timeOf(pts), dts: timeOf(dts), shown };
}

function throwIfBroken(end: ChildEnd, frameCount: number): void {
  // ffprobe exits with 0 for a truncated file; the message on stderr is the only sign.
  if (/partial file|File ended prematurely/i.test(end.stderr))
    throw videoCorrupt('it is cut off', failureDetails(end));
  if (end.exitCode !== 0) throw videoCorrupt('its packets cannot be read', failureDetails(end));
  if (frameCount === 0) throw videoCorrupt('its video stream contains no frames', {});
}

/** A `TOO_MANY_FRAMES` error. */
export function tooManyFrames(maxFrames: number): AppError {
  return new AppError('TOO_MANY_FRAMES', {
    message: `The video has more than the ${maxFrames} frames allowed.`,
    details: { maxFrames },
  });
}
