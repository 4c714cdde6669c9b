import { formatPercent } from './percent.js';

/** Share of the image above which a hole is large. */
const LARGE_SHARE = 0.35;
/** Share of the image's short side above which the largest circle inside a hole is wide. */
const LARGE_CIRCLE = 0.25;
/** Share of the image above which a mask may be inverted by mistake. */
const INVERTED_SHARE = 0.5;

/** Size of a hole. */
export interface HoleSize {
  /** Size of the image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Share of hole pixels, 0 to 1. */
  readonly share: number;
  /** Diameter in pixels of the largest circle that contains no known pixel; `null` when not measured. */
  readonly circle: number | null;
}

/** Advice to install a network for large holes. */
const ADVICE =
  'A network for large holes does better: default_inpainting uses LaMa or MI-GAN where one is installed ("npm run models -- pull migan_pipeline_v2" or "npm run models -- pull inpainting_lama_2025jan").';

/** Masks are never inverted automatically, since large holes may be intended. */
const INVERSION_ADVICE = 'The marked area is filled; if the mask marks the area to keep, invert it.';

/** Reason why a hole is too large for patches and small networks; `null` for other holes. */
export function largeHoleReason({ width, height, share, circle }: HoleSize): string | null {
  if (share > LARGE_SHARE)
    return `The hole covers ${formatPercent(share)} of the image, more than ${formatPercent(LARGE_SHARE)}`;
  const short = Math.min(width, height);
  if (circle === null || circle <= LARGE_CIRCLE * short) return null;
  return `A circle of ${String(Math.round(circle))} pixels fits into the hole, more than a quarter of the image's short side (${String(short)})`;
}

/** Warning about a large hole before it is filled; empty for other masks. */
export function largeHoleWarnings(size: HoleSize): string[] {
  const reason = largeHoleReason(size);
  if (reason === null) return [];
  const inversion = size.share > INVERTED_SHARE ? `${INVERSION_ADVICE} ` : '';
  return [`${reason}: patches and small networks may fill it wrongly. ${inversion}${ADVICE}`];
}

/** Warning about a large hole that was filled by `method`; `learned` means by a network for large holes. */
export function largeHoleWarning(reason: string, method: string, learned: boolean): string {
  return learned
    ? `${reason}; it was filled by ${method}, a network for large holes.`
    : `${reason}; what was filled there may look wrong. ${ADVICE}`;
}
