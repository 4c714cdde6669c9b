import { formatPercent } from './percent.js';

/** Part of an image above which a hole is large. */
const LARGE_SHARE = 0.35;
/** Part of an image's short side above which the circle that fits into a hole is wide. */
const LARGE_CIRCLE = 0.25;
/** Part of an image above which its mask may be inverted by mistake. */
const INVERTED_SHARE = 0.5;

/** How large a hole is. */
export interface HoleSize {
  /** Of the image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Part of the pixels that is hole, 0 to 1. */
  readonly share: number;
  /** Width in pixels of the largest circle without a known pixel in it; null where it was not measured. */
  readonly circle: number | null;
}

/** How to install such a network. */
const ADVICE =
  'A network for large holes does better: default_inpainting uses LaMa or MI-GAN where one is installed ("npm run models -- pull migan_pipeline_v2" or "npm run models -- pull inpainting_lama_2025jan").';

/** Masks are never inverted automatically, since large holes may be intended. */
const INVERSION_ADVICE = 'What the mask marks is filled; if it marks what should stay, invert it.';

/** Why a hole is more than patches and small networks can fill well; null for others. */
export function largeHoleReason({ width, height, share, circle }: HoleSize): string | null {
  if (share > LARGE_SHARE)
    return `The hole covers ${formatPercent(share)} of the image, more than ${formatPercent(LARGE_SHARE)}`;
  const short = Math.min(width, height);
  if (circle === null || circle <= LARGE_CIRCLE * short) return null;
  return `A circle of ${String(Math.round(circle))} pixels fits into the hole, more than a quarter of the image's short side (${String(short)})`;
}

/** The warning about a large hole before it is filled; none for other masks. */
export function largeHoleWarnings(size: HoleSize): string[] {
  const reason = largeHoleReason(size);
  if (reason === null) return [];
  const inversion = size.share > INVERTED_SHARE ? `${INVERSION_ADVICE} ` : '';
  return [`${reason}: patches and small networks may fill it wrongly. ${inversion}${ADVICE}`];
}

/** The warning about a large hole that was filled by `method`; `learned`: by a network for such holes. */
export function largeHoleWarning(reason: string, method: string, learned: boolean): string {
  return learned
    ? `${reason}; it was filled by ${method}, a network for large holes.`
    : `${reason}; what was filled there may look wrong. ${ADVICE}`;
}
