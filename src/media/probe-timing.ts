import type { FrameRate } from './frame-plan.js';
import type { PacketList } from './packet-list.js';
import type { RawStream } from './probe-stream.js';

/** Share of a frame's length by which a frame may be off its place and the rate still counts as constant. */
const CONSTANT_RATE_TOLERANCE = 0.25;
const FALLBACK_RATE: FrameRate = { num: 25, den: 1 };

/** Times of a video: see the fields of the same names in `VideoProbe`. */
export interface VideoTiming {
  readonly frameCount: number;
  readonly fps: FrameRate;
  readonly durationSeconds: number;
  readonly constantRate: boolean;
  readonly startOffsetSeconds: number;
  readonly seekMode: 'time' | 'count';
  readonly reorderDepth: number;
  readonly presentationTimes?: Float64Array;
}

/**
 * Finds the frame rate that the packets' times follow. The rates in the headers are only candidates: the first one
 * under which every frame lies where it belongs wins; if none does, the rate varies and `fps` is its mean.
 */
export function analyseTiming(
  packets: PacketList,
  stream: Pick<RawStream, 'rates' | 'containerStart'>,
): VideoTiming {
  const { frameCount, times } = packets;
  if (!packets.timed) return untimed(frameCount, stream.rates[0] ?? FALLBACK_RATE);
  const presentationTimes = times.map((time) => time - times[0]);
  const base = {
    frameCount,
    startOffsetSeconds: Math.max(0, times[0] - stream.containerStart),
    presentationTimes,
    reorderDepth: packets.reorderDepth,
    // Two frames at one time cannot be told apart by a seek.
    seekMode: isStrictlyAscending(times) ? ('time' as const) : ('count' as const),
  };
  const fitting = stream.rates.find((rate) => followsRate(presentationTimes, rate));
  if (fitting !== undefined) {
    return {
      ...base,
      fps: fitting,
      constantRate: true,
      durationSeconds: (frameCount * fitting.den) / fitting.num,
    };
  }
  const span = presentationTimes[frameCount - 1];
  const fps = meanRate(frameCount, span);
  return { ...base, fps, constantRate: false, durationSeconds: span + fps.den / fps.num };
}

function untimed(frameCount: number, fps: FrameRate): VideoTiming {
  const durationSeconds = (frameCount * fps.den) / fps.num;
  return {
    frameCount,
    fps,
    durationSeconds,
    constantRate: true,
    startOffsetSeconds: 0,
    seekMode: 'count',
    reorderDepth: 0,
  };
}

function followsRate(times: Float64Array, rate: FrameRate): boolean {
  const period = rate.den / rate.num;
  return times.every((time, index) => Math.abs(time - index * period) <= CONSTANT_RATE_TOLERANCE * period);
}

function isStrictlyAscending(times: Float64Array): boolean {
  return times.every((time, index) => index === 0 || time > times[index - 1]);
}

function meanRate(frameCount: number, span: number): FrameRate {
  if (frameCount < 2 || span <= 0) return FALLBACK_RATE;
  return { num: Math.max(1, Math.round(((frameCount - 1) / span) * 1000)), den: 1000 };
}
