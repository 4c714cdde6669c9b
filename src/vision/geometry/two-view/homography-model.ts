import { solveLinear } from '../linear-solver.js';
import { toUnitNorm, type Matrix3 } from './matrix3.js';
import { addOuterProduct9 } from './outer-product.js';
import type { PairRange, PointPairs } from './point-pairs.js';
import { smallestEigenvector } from './symmetric-eigen.js';
import type { TwoViewModel, WeightedPairs } from './two-view-model.js';

/**
 * Homography H with `[u v 1] ~ H [x y 1]` (Hartley and Zisserman, 4): the relation of two views of a plane, or of any
 * scene under pure rotation.
 */
export const HOMOGRAPHY: TwoViewModel = {
  sampleSize: 4,
  leastSquaresSize: 5,
  fitMinimal: fitFour,
  fitWeighted: fitFiveOrMore,
  squaredErrors: sampsonErrors,
  algebraicGain: depthSquared,
};

/** Minimum of twice the area of any triangle of a sample, in conditioned units; flatter samples count as collinear. */
const MIN_AREA = 2e-3;

const TRIANGLES = [
  [0, 1, 2],
  [0, 1, 3],
  [0, 2, 3],
  [1, 2, 3],
] as const;

const rowU = new Float64Array(9);
const rowV = new Float64Array(9);
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

/** Writes the two equations of a pair; their zeros stay. */
function fillRows([x, y, u, v]: readonly [number, number, number, number]): void {
  rowU[0] = x;
  rowU[1] = y;
  rowU[2] = 1;
  rowU[6] = -u * x;
  rowU[7] = -u * y;
  rowU[8] = -u;
  rowV[3] = x;
  rowV[4] = y;
  rowV[5] = 1;
  rowV[6] = -v * x;
  rowV[7] = -v * y;
  rowV[8] = -v;
}

/** Weighted direct linear transform; the sign is chosen so that the centre of the goal points lies in front. */
function fitFiveOrMore(pairs: PointPairs, { indices, weights, count }: WeightedPairs): Matrix3 | null {
  const normal = new Float64Array(81);
  for (let k = 0; k < count; k++) {
    const i = 4 * indices[k];
    const [x, y, u, v] = [pairs.data[i], pairs.data[i + 1], pairs.data[i + 2], pairs.data[i + 3]];
    fillRows([x, y, u, v]);
    addOuterProduct9(normal, rowU, weights[k]);
    addOuterProduct9(normal, rowV, weights[k]);
  }
  const homography = smallestEigenvector(normal, 9);
  if (!toUnitNorm(homography) || homography[8] === 0) return null;
  return homography[8] < 0 ? homography.map((value) => -value) : homography;
}

/**
 * Sampson distance: first-order distance to the nearest consistent pair in all four coordinates (Hartley and Zisserman
 * 4.2.6).
 */
function sampsonErrors(h: Matrix3, { data, start, end }: PairRange, errors: Float64Array): void {
  const [h0, h1, h2, h3, h4, h5, h6, h7, h8] = [h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]];
  for (let i = start; i < end; i++) {
    const x = data[4 * i];
    const y = data[4 * i + 1];
    const u = data[4 * i + 2];
    const v = data[4 * i + 3];
    const w = h6 * x + h7 * y + h8;
    const ru = u * w - (h0 * x + h1 * y + h2);
    const rv = v * w - (h3 * x + h4 * y + h5);
    const a = u * h6 - h0;
    const b = u * h7 - h1;
    const c = v * h6 - h3;
    const d = v * h7 - h4;
    const p = a * a + b * b + w * w;
    const q = a * c + b * d;
    const r = c * c + d * d + w * w;
    const error = (r * ru * ru - 2 * q * ru * rv + p * rv * rv) / (p * r - q * q);
    // Behind a camera.
    errors[i - start] = w <= 1e-9 ? Infinity : error;
  }
}

function depthSquared(h: Matrix3, data: Float64Array, i: number): number {
  const w = h[6] * data[4 * i] + h[7] * data[4 * i + 1] + h[8];
  return w * w;
}
