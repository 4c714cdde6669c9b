import { AppError } from '../errors/app-error.js';
import type { Size } from '../vision/image/image.js';

/** Frames `start`, `start + step`, … below `end`. */
export interface FrameRange {
  /** First frame, counted from 0 in presentation order. */
  readonly start: number;
  /** First frame after the range. */
  readonly end: number;
  /** Distance between two frames, at least 1. */
  readonly step: number;
}

/** A frame rate as a fraction: `num / den` frames per second. */
export interface FrameRate {
  readonly num: number;
  readonly den: number;
}

/**
 * How a frame is reached. `time`: by seeking, since the packets carry the time of every frame. `count`: by
 * counting frames from the start of the file (AVI has no times; packets without a frame make a seek
 * inaccurate). `all`: FFmpeg outputs all frames and they are counted here, since FFmpeg restarts its count
 * when the frame size changes.
 */
export type SeekMode = 'time' | 'count' | 'all';

/** Times of a video's frames and how to reach them. */
export interface FrameTiming {
  readonly frameCount: number;
  readonly fps: FrameRate;
  /** Seconds from the container's start to the first frame (greater than 0 when audio starts earlier). */
  readonly startOffsetSeconds: number;
  readonly seekMode: SeekMode;
  /** Maximum distance between storage order and presentation order of a frame; 0 without B-frames. */
  readonly reorderDepth: number;
  /**
   * Presentation time of every frame in seconds, starting at 0 and never decreasing; only for variable frame
   * rates.
   */
  readonly presentationTimes?: ArrayLike<number>;
}

/** How FFmpeg selects a range: see `frameStreamArguments`. */
export interface FramePlan {
  /** Number of frames that FFmpeg outputs. */
  readonly count: number;
  readonly seekSeconds: number | undefined;
  /** Seconds after the seek point before which decoded frames are dropped. */
  readonly skipSeconds: number | undefined;
  /** Selects every `step`-th remaining frame. */
  readonly select: string | undefined;
}

/** Number of frames in a range. */
export function countFrames(range: FrameRange): number {
  return Math.max(0, Math.ceil((range.end - range.start) / range.step));
}

/** Seconds from the first frame to frame `index`. */
export function frameTime(index: number, timing: Pick<FrameTiming, 'fps' | 'presentationTimes'>): number {
  return timing.presentationTimes?.[index] ?? (index * timing.fps.den) / timing.fps.num;
}

/**
 * Time at which to cut so that frame `index` is the first output: half a frame gap before it, in seconds from
 * the container's start. The rounding of times in the container (a millisecond in Matroska) is too small to
 * select a neighbour.
 */
function cutBefore(index: number, timing: FrameTiming): number {
  return timing.startOffsetSeconds + (frameTime(index - 1, timing) + frameTime(index, timing)) / 2;
}

/**
 * Seeks and skips so that frame `start` is the first output and fully decoded.
 * Seeking to the frame itself is not sufficient: demuxers look for a key frame by decoding time, so they may
 * select one that is *presented after* the frame, and in an open group of pictures the B-frames before that
 * key frame cannot be decoded from it. Storage and presentation order differ by at most `reorderDepth`
 * frames, so a key frame found at twice that distance earlier is presented no later than `start`. The frames
 * in between are decoded and dropped by time.
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
 * @throws AppError `FRAME_RANGE` (invalid) when the range is empty, not integers or beyond the end of the
 *   video
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
    message: `Frames ${start} to ${end} (exclusive) in steps of ${step} are not a valid range of a video of ${frameCount} frames.`,
    details: { start, end, step, frameCount },
  });
}

/** Display size of frames with non-square pixels: the longer side keeps its number of pixels. */
export function shownSize(
  { width, height }: Size,
  pixelAspect: FrameRate,
): { width: number; height: number } {
  const { num, den } = pixelAspect;
  return num >= den ? { width: (width * num) / den, height } : { width, height: (height * den) / num };
}

/**
 * Working size: the long side is reduced to `longSide` pixels, never enlarged; both sides are at least 1.
 * @param longSide upper limit for the longer side in pixels
 * @param leastSide lower limit for the shorter side, which takes precedence over the aspect ratio
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
