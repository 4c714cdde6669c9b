import type { Image } from '../vision/image/image.js';

/** How channels of a copy differ: no more where untouched, more where painted; and how much may be neither. */
export interface CopyTolerance {
  readonly untouched: number;
  readonly painted: number;
  readonly mostBetween: number;
}

/** Images are coded with little loss. */
export const COPY: CopyTolerance = { untouched: 24, painted: 48, mostBetween: 0.05 };
/** Videos are coded with more loss. */
export const VIDEO_COPY: CopyTolerance = { untouched: 28, painted: 64, mostBetween: 0.08 };
/** Least untouched part of the image. */
const LEAST_UNTOUCHED = 0.2;
/** Part of what is neither black nor white that a painted copy shares with its source. */
const LIKELY_COPY = 0.5;

/** How a mask compares with its source. */
export interface SourceComparison {
  /** 255 where it differs, else 0. */
  readonly mask: Uint8Array;
  /** Part of the pixels that differs, 0 to 1. */
  readonly share: number;
  /** Whether most of what is neither black nor white is the source's. */
  readonly isLikelyCopy: boolean;
  /** Whether coding has changed most of what was not painted. */
  readonly isLossy: boolean;
}

/** Where a copy of the source was painted over; null where the mask is no such copy. */
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
  const isCopy = untouched >= LEAST_UNTOUCHED * mask.length && between <= mostBetween * mask.length;
  if (!isCopy) return null;
  return {
    mask,
    share: holes / mask.length,
    isLikelyCopy: telling > 0 && shared >= LIKELY_COPY * telling,
    isLossy: equal < untouched / 2,
  };
}

/** Black and white are in masks and in images alike. */
const isBlackOrWhite = (red: number, green: number, blue: number): boolean =>
  Math.max(red, green, blue) <= 64 || Math.min(red, green, blue) >= 192;

function distance(one: Uint8Array, at: number, other: Uint8Array, from: number): number {
  let most = 0;
  for (let channel = 0; channel < 3; channel += 1)
    most = Math.max(most, Math.abs(one[at + channel] - other[from + channel]));
  return most;
}
