import { holeDepth } from '../../inference/inpainting/hole-distance.js';
import { countSet, type Plane } from './mask-kernels.js';

/** Part of a picture above which a hole is large. */
export const LARGE_SHARE = 0.35;
/** Part of a picture's short side above which the circle that fits into a hole is wide. */
const LARGE_CIRCLE = 0.25;

/** Networks of these kinds draw what is likely in a large hole; in order of preference. */
export const LARGE_HOLE_KINDS = ['lama', 'migan'] as const;

/** How to get such a network. */
const ADVICE =
  'A network for large holes does better: "npm run models -- pull inpainting_lama_2025jan" or "npm run models -- pull migan_pipeline_v2"; default_inpainting then uses it.';

/** Why a hole is more than patches and small networks can fill well; null for others. */
export function largeHoleReason(hole: Plane): string | null {
  const share = countSet(hole.data) / hole.data.length;
  if (share > LARGE_SHARE) return shareReason(share);
  const short = Math.min(hole.width, hole.height);
  // Even a square that holds the whole area could not be wide enough.
  if (share * hole.data.length < (LARGE_CIRCLE * short) ** 2 / 2) return null;
  const width = 2 * holeDepth(hole);
  if (width <= LARGE_CIRCLE * short) return null;
  return `A circle of ${String(Math.round(width))} pixels fits into the hole, more than a quarter of the picture's short side (${String(short)})`;
}

const shareReason = (share: number): string =>
  `The hole covers ${(100 * share).toFixed(0)} % of the picture, more than ${String(100 * LARGE_SHARE)} %`;

/** What a user is told whose hole is large by its share, before anything is filled. */
export function largeShareWarning(name: string, share: number): string {
  return `${name}: ${shareReason(share)}; what is filled there may look wrong. ${ADVICE}`;
}

/** What a user is told of a large hole that was filled by `method`. */
export function largeHoleWarning(reason: string, method: string, learned: boolean): string {
  return learned
    ? `${reason}; it was filled by ${method}, a network for large holes.`
    : `${reason}; what was filled there may look wrong. ${ADVICE}`;
}
