import type { FrameIndex } from './frame-index.js';
import type { FrameRate, SeekMode } from './frame-plan.js';
import type { RawStream } from './probe-stream.js';

/** Maximum deviation of a frame's time from a constant rate, as a share of the frame duration. */
const CONSTANT_RATE_TOLERANCE = 0.25;
const FALLBACK_RATE: FrameRate = { num: 25, den: 1 };

/** Timing of a video: see the fields of the same names in `VideoProbe`. */
export interface VideoTiming {
  readonly frameCount: number;
  readonly fps: FrameRate;
  readonly durationSeconds: number;
  readonly constantRate: boolean;
  readonly startOffsetSeconds: number;
  readonly seekMode: SeekMode;
  readonly reorderDepth: number;
  readonly presentationTimes?: Float64Array;
}

/**
 * Finds the frame rate that matches the frames' times. The rates in the headers are candidates: the first one
 * that matches every frame is used; if none does, the rate is variable and `fps` is its mean.
 * @param canSeek whether the container's index leads to the key frame before a time
 */
export function analyseTiming(
  index: FrameIndex,
  stream: Pick<RawStream, 'rates' | 'containerStart' | 'timeBase'>,
  canSeek: boolean,
): VideoTiming {
  const { frameCount } = index;
  const seekMode = seekModeOf(index, canSeek && isSeekable(index.ticks, stream.timeBase));
  if (!index.timed) return untimed(frameCount, stream.rates[0] ?? FALLBACK_RATE, seekMode);
  const { num, den } = stream.timeBase;
  const first = index.ticks[0];
  const presentationTimes = index.ticks.map((tick) => ((tick - first) * num) / den);
  const base = {
    frameCount,
    startOffsetSeconds: Math.max(0, (first * num) / den - stream.containerStart),
    reorderDepth: index.reorderDepth,
    seekMode,
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
  const durationSeconds = span + fps.den / fps.num;
  return { ...base, fps, constantRate: false, durationSeconds, presentationTimes };
}

/**
 * FFmpeg rounds the time of a seek to a whole tick, so half the gap before a frame must be larger than the
 * rounding.
 */
const MIN_GAP_TICKS = 2;
/** Times on FFmpeg's command line have microsecond resolution. */
const MIN_GAP_SECONDS = 1e-5;

/** Whether all frames are far enough apart that a time between two frames selects the second one. */
function isSeekable(ticks: Float64Array, { num, den }: FrameRate): boolean {
  const least = Math.max(MIN_GAP_TICKS, (MIN_GAP_SECONDS * den) / num);
  return ticks.every((tick, index) => index === 0 || tick - ticks[index - 1] >= least);
}

function seekModeOf({ regular, oneSize }: FrameIndex, canSeek: boolean): SeekMode {
  if (!oneSize) return 'all';
  return regular && canSeek ? 'time' : 'count';
}

function untimed(frameCount: number, fps: FrameRate, seekMode: SeekMode): VideoTiming {
  const durationSeconds = (frameCount * fps.den) / fps.num;
  return {
    frameCount,
    fps,
    durationSeconds,
    constantRate: true,
    startOffsetSeconds: 0,
    seekMode,
    reorderDepth: 0,
  };
}

function followsRate(times: Float64Array, rate: FrameRate): boolean {
  const period = rate.den / rate.num;
  return times.every((time, index) => Math.abs(time - index * period) <= CONSTANT_RATE_TOLERANCE * period);
}

function meanRate(frameCount: number, span: number): FrameRate {
  if (frameCount < 2 || span <= 0) return FALLBACK_RATE;
  return { num: Math.max(1, Math.round(((frameCount - 1) / span) * 1000)), den: 1000 };
}
