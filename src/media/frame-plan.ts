import { AppError } from '../errors/app-error.js';
import type { Size } from '../vision/image/image.js';

/** Frames `start`, `start + step`, … below `end`. */
export interface FrameRange {
  /** First frame, counted from 0 in the order of presentation. */
  readonly start: number;
  /** First frame that does not belong to the range any more. */
  readonly end: number;
  /** Distance between two frames, at least 1. */
  readonly step: number;
}

/** A frame rate as a fraction: `num / den` frames a second. */
export interface FrameRate {
  readonly num: number;
  readonly den: number;
}

/**
 * How a frame is reached. `time`: by seeking, since the packets give the time of every frame.
 * `count`: frames are counted from the beginning of the file (AVI has no times; packets without images mislead a seek).
 * `all`: all frames are written and counted here, since FFmpeg counts from 0 again where their size changes.
 */
export type SeekMode = 'time' | 'count' | 'all';

/** All that is needed to say when a frame is shown and how to get at it. */
export interface FrameTiming {
  readonly frameCount: number;
  readonly fps: FrameRate;
  /** Seconds from the container's start to the first frame (more than 0 when sound starts earlier). */
  readonly startOffsetSeconds: number;
  readonly seekMode: SeekMode;
  /** By how many places frames are stored out of their order of presentation; 0 without B-frames. */
  readonly reorderDepth: number;
  /** Seconds of every frame after the first one, never descending, from 0; only where the rate varies. */
  readonly presentationTimes?: ArrayLike<number>;
}

/** How FFmpeg selects a range: see `frameStreamArguments`. */
export interface FramePlan {
  /** Frames that FFmpeg writes. */
  readonly count: number;
  readonly seekSeconds: number | undefined;
  /** Seconds after the seek point before which decoded frames are thrown away. */
  readonly skipSeconds: number | undefined;
  /** Picks every step-th of what is left. */
  readonly select: string | undefined;
}

/** Number of frames in a range. */
export function countFrames(range: FrameRange): number {
  return Math.max(0, Math.ceil((range.end - range.start) / range.step));
}

/** Seconds between the first frame and frame `index`. */
export function frameTime(index: number, timing: Pick<FrameTiming, 'fps' | 'presentationTimes'>): number {
  return timing.presentationTimes?.[index] ?? (index * timing.fps.den) / timing.fps.num;
}

/**
 * Where to cut so that frame `index` comes out first: half a gap before it, in seconds from the container's start.
 * Rounding in the container (a millisecond in Matroska) cannot move such a cut to a neighbour.
 */
function cutBefore(index: number, timing: FrameTiming): number {
  return timing.startOffsetSeconds + (frameTime(index - 1, timing) + frameTime(index, timing)) / 2;
}

/**
 * Seeks and skips so that frame `start` comes out first and whole.
 *
 * A seek to the frame itself is not enough: demuxers look for a key frame by decoding time, so they may pick one that
 * is *shown after* the frame, and in an open group of pictures the B-frames before that key frame cannot be decoded
 * from it. A frame is stored at most `reorderDepth` places from where it is shown, so twice that distance earlier the
 * key frame found is shown no later than `start`. The frames between are decoded and skipped by their times.
 */
function seekTo(start: number, timing: FrameTiming): Pick<FramePlan, 'seekSeconds' | 'skipSeconds'> {
  if (start === 0) return { seekSeconds: undefined, skipSeconds: undefined };
  const cut = cutBefore(start, timing);
  if (timing.reorderDepth === 0) return { seekSeconds: cut, skipSeconds: undefined };
  const from = start - 2 * timing.reorderDepth - 2;
  if (from <= 0) return { seekSeconds: undefined, skipSeconds: cut };
  const seekSeconds = cutBefore(from, timing);
  return { seekSeconds, skipSeconds: cut - seekSeconds };
}

/**
 * Plans the decoding of a range.
 * @throws AppError `FRAME_RANGE` (invalid) when the range is empty, not whole numbers or beyond the video's end
 */
export function planFrames(range: FrameRange, timing: FrameTiming): FramePlan {
  checkRange(range, timing.frameCount);
  const count = countFrames(range);
  const { start, step } = range;
  if (timing.seekMode === 'time') {
    return { count, ...seekTo(start, timing), select: step === 1 ? undefined : `not(mod(n,${step}))` };
  }
  if (timing.seekMode === 'all')
    return { count: range.end, seekSeconds: undefined, skipSeconds: undefined, select: undefined };
  const conditions = [
    ...(start === 0 ? [] : [`gte(n,${start})`]),
    ...(step === 1 ? [] : [`not(mod(n-${start},${step}))`]),
  ];
  return { count, seekSeconds: undefined, skipSeconds: undefined, select: conditions.join('*') || undefined };
}

function checkRange({ start, end, step }: FrameRange, frameCount: number): void {
  const whole = [start, end, step].every(Number.isSafeInteger);
  if (whole && start >= 0 && start < end && end <= frameCount && step >= 1) return;
  throw new AppError('FRAME_RANGE', {
    message: `Frames ${start} to ${end} (exclusive) in steps of ${step} are not a range of a video of ${frameCount} frames.`,
    details: { start, end, step, frameCount },
  });
}

/** Size at which a player shows frames whose pixels are not square: their longer side keeps its pixels. */
export function shownSize(
  { width, height }: Size,
  pixelAspect: FrameRate,
): { width: number; height: number } {
  const { num, den } = pixelAspect;
  return num >= den ? { width: (width * num) / den, height } : { width, height: (height * den) / num };
}

/**
 * Size to work at: the long side is brought down to `longSide` pixels, never up, both sides at least 1.
 * @param longSide upper limit for the longer side in pixels
 * @param leastSide lower limit for the shorter side, at the cost of the proportions
 */
export function workingSizeOf(
  image: { width: number; height: number },
  longSide: number,
  leastSide = 1,
): { width: number; height: number } {
  const scale = Math.min(1, longSide / Math.max(image.width, image.height));
  return {
    width: Math.max(leastSide, Math.round(image.width * scale)),
    height: Math.max(leastSide, Math.round(image.height * scale)),
  };
}
