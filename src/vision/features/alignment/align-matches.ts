import type { PlanePoint } from '../../geometry/lens.js';
import type { Correspondences } from '../correspondences.js';
import type { Features } from '../types.js';
import { LocalMap, type Stretch } from './local-map.js';

/** Patches looked for in a frame, at most: more take time, and the fit to the points hardly gains. */
const MAX_ALIGNED = 150;

/** Where and how a patch of the goal is looked for in an image. */
export interface PatchSearch {
  /** The patch. */
  readonly patch: Uint8Array;
  /** Diameter of its key point's described neighbourhood in the goal image, pixels. */
  readonly size: number;
  /** Where it probably is, pixels. */
  readonly start: PlanePoint;
  /** Goal image to this image. */
  readonly stretch: Stretch;
}

/** Finds patches in the image at hand, to a fraction of a pixel. @returns the place of each, null where it is not found nearby */
export type FindPatches = (searches: readonly PatchSearch[]) => readonly (PlanePoint | null)[];

/** The features of a frame, and its image. */
export interface AlignedFrame {
  readonly features: Features;
  readonly find: FindPatches;
  /** Undistorts a place in the image, as the points of the features are. @returns null outside of the lens's range */
  rectify(seen: PlanePoint): PlanePoint | null;
}

/**
 * Moves the points of a verified frame to where its image shows the patches around the goal's points. A detector places
 * a point in each image by itself, so matched points miss each other by the errors of both; the alignment of a patch
 * with the image has an error of its own alone, which is much smaller than those of ORB. Points whose patch is not found keep their place,
 * as do all points of a goal without patches and of a frame that is lost or weak. The matches, and the distance of the
 * detected points to their geometric model (`error`), stay as they are.
 */
export function alignMatches(
  goal: Features,
  found: Correspondences,
  { features, find, rectify }: AlignedFrame,
): Correspondences {
  const { patches } = goal;
  if (patches === undefined || found.lost !== null || found.weak !== null) return found;
  const pairs = inlierPairs(found);
  const from = pick(goal, found.matches.goalIndex, pairs);
  const to = pick(features, found.matches.currentIndex, pairs);
  const map = LocalMap.fit(from, to);
  if (map === null) return found;
  const rows = pairs.map((k) => found.matches.goalIndex[k]);
  const searches = rows.map((row, k) => ({
    patch: patches.data.subarray(patches.bytes * row, patches.bytes * (row + 1)),
    size: goal.sizes[row],
    start: [to[2 * k], to[2 * k + 1]] as const,
    stretch: map.stretchAt(from[2 * k], from[2 * k + 1]),
  }));
  const cur = found.cur.slice();
  find(searches).forEach((seen, k) => {
    const place = seen && rectify(seen);
    if (place !== null) cur.set(place, 2 * rows[k]);
  });
  return { ...found, cur };
}

/** Indices of the kept matches, evenly spread ones if they are many: goal points are ordered by strength. */
function inlierPairs({ inliers, inlierCount }: Correspondences): number[] {
  const share = Math.min(1, MAX_ALIGNED / inlierCount);
  const pairs: number[] = [];
  for (let k = 0, seen = 0; k < inliers.length; k++) {
    if (inliers[k] === 0) continue;
    if (Math.floor((seen + 1) * share) > Math.floor(seen * share)) pairs.push(k);
    seen++;
  }
  return pairs;
}

/** Places of the points of `pairs` in their image, through its lens. */
function pick(
  { points, seen = points }: Features,
  index: Int32Array,
  pairs: readonly number[],
): Float64Array {
  const picked = new Float64Array(2 * pairs.length);
  for (let k = 0; k < pairs.length; k++) {
    const row = index[pairs[k]];
    picked[2 * k] = seen[2 * row];
    picked[2 * k + 1] = seen[2 * row + 1];
  }
  return picked;
}
