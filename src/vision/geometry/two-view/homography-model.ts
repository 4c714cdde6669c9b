import { solveLinear } from '../linear-solver.js';
import { toUnitNorm, type Matrix3 } from './matrix3.js';
import { pairLoops, type NearPairs } from './pair-loops.js';
import type { PointPairs } from './point-pairs.js';
import type { TwoViewModel } from './two-view-model.js';

/**
 * Homography H with `[u v 1] ~ H [x y 1]` (Hartley and Zisserman, 4): the relation of two views of a plane, or of any
 * scene under pure rotation.
 */
export const HOMOGRAPHY: TwoViewModel = {
  name: 'homography',
  sampleSize: 4,
  fitMinimal: fitFour,
  fitNear: fitFiveOrMore,
};

/** Minimum of twice the area of any triangle of a sample, in conditioned units; flatter samples count as collinear. */
const MIN_AREA = 2e-3;

const TRIANGLES = [
  [0, 1, 2],
  [0, 1, 3],
  [0, 2, 3],
  [1, 2, 3],
] as const;

const equations = new Float64Array(8 * 9);

/**
 * Four-point fit. Samples that flip the orientation of a triangle are rejected, because a camera never sees a surface
 * from behind.
 */
function fitFour(pairs: PointPairs, sample: Int32Array): readonly Matrix3[] {
  for (const [i, j, k] of TRIANGLES) {
    const corners = [4 * sample[i], 4 * sample[j], 4 * sample[k]] as const;
    const goalArea = doubleArea(pairs.data, corners, 0);
    const currentArea = doubleArea(pairs.data, corners, 2);
    if (Math.min(Math.abs(goalArea), Math.abs(currentArea)) < MIN_AREA) return [];
    if (goalArea > 0 !== currentArea > 0) return [];
  }
  // Fixes the last element to 1: it is the depth of the goal points' centre, which lies in front of both cameras.
  for (let k = 0; k < 4; k++) {
    const i = 4 * sample[k];
    const [x, y, u, v] = [pairs.data[i], pairs.data[i + 1], pairs.data[i + 2], pairs.data[i + 3]];
    equations.set([x, y, 1, 0, 0, 0, -u * x, -u * y, u, 0, 0, 0, x, y, 1, -v * x, -v * y, v], 18 * k);
  }
  const homography = new Float64Array(9);
  homography[8] = 1;
  return solveLinear(equations, homography, 8) && toUnitNorm(homography) ? [homography] : [];
}

function doubleArea(data: Float64Array, [a, b, c]: readonly [number, number, number], at: number): number {
  const [x, y] = [data[a + at], data[a + at + 1]];
  return (data[b + at] - x) * (data[c + at + 1] - y) - (data[c + at] - x) * (data[b + at + 1] - y);
}

/** Weighted direct linear transform; the sign is chosen so that the centre of the goal points lies in front. */
function fitFiveOrMore(pairs: PointPairs, near: Omit<NearPairs, 'least'>): Matrix3 | null {
  const homography = pairLoops().fit('homography', pairs, { ...near, least: 5 });
  if (homography === null || !toUnitNorm(homography) || homography[8] === 0) return null;
  return homography[8] < 0 ? homography.map((value) => -value) : homography;
}
