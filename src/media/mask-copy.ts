import type { Image } from '../vision/image/image.js';

/**
 * Channel difference of a copy from its source: at most `untouched` where not painted, at least `painted`
 * where painted, and the maximum share of pixels in between.
 */
export interface CopyTolerance {
  readonly untouched: number;
  readonly painted: number;
  readonly mostBetween: number;
}

/** For images, which are compressed with little loss. */
export const COPY: CopyTolerance = { untouched: 24, painted: 48, mostBetween: 0.05 };
/** For videos, which are compressed with more loss. */
export const VIDEO_COPY: CopyTolerance = { untouched: 28, painted: 64, mostBetween: 0.08 };
/** Minimum share of the image that is not painted. */
const MIN_UNTOUCHED = 0.2;
/**
 * Minimum share of the pixels that are neither black nor white that a painted copy has in common with its
 * source.
 */
const LIKELY_COPY = 0.5;

/** Result of comparing a mask with its source. */
export interface SourceComparison {
  /** 255 where it differs, otherwise 0. */
  readonly mask: Uint8Array;
  /** Share of the pixels that differ, 0 to 1. */
  readonly share: number;
  /** Whether most pixels that are neither black nor white equal the source. */
  readonly isLikelyCopy: boolean;
  /** Whether compression has changed most of the unpainted pixels. */
  readonly isLossy: boolean;
}

/** Finds where a copy of the source was painted over; null when the mask is not such a copy. */
export function compareWithSource(
  { width, height, data }: Image,
  source: Image,
  { untouched: same, painted, mostBetween }: CopyTolerance = COPY,
): SourceComparison | null {
  if (source.width !== width || source.height !== height) return null;
  const mask = new Uint8Array(width * height);
  let [untouched, equal, between, holes, telling, shared] = [0, 0, 0, 0, 0, 0];
  for (let pixel = 0; pixel < mask.length; pixel += 1) {
    const at = 4 * pixel;
    const difference = distance(data, at, source.data, 3 * pixel);
    const isTelling = !isBlackOrWhite(data[at], data[at + 1], data[at + 2]);
    if (isTelling) telling += 1;
    if (difference <= same) {
      untouched += 1;
      if (difference === 0) equal += 1;
      if (isTelling) shared += 1;
    } else if (difference <= painted) between += 1;
    if (difference <= (same + painted) / 2) continue;
    mask[pixel] = 255;
    holes += 1;
  }
  const isCopy = untouched >= MIN_UNTOUCHED * mask.length && between <= mostBetween * mask.length;
  if (!isCopy) return null;
  return {
    mask,
    share: holes / mask.length,
    isLikelyCopy: telling > 0 && shared >= LIKELY_COPY * telling,
    isLossy: equal < untouched / 2,
  };
}

/** Black and white occur in masks as well as in images, so they prove nothing. */
const isBlackOrWhite = (red: number, green: number, blue: number): boolean =>
  Math.max(red, green, blue) <= 64 || Math.min(red, green, blue) >= 192;

function distance(one: Uint8Array, at: number, other: Uint8Array, from: number): number {
  let most = 0;
  for (let channel = 0; channel < 3; channel += 1)
    most = Math.max(most, Math.abs(one[at + channel] - other[from + channel]));
  return most;
}
