import { FUNDAMENTAL } from './fundamental-model.js';
import { refine } from './local-optimisation.js';
import { toUnitNorm, type Matrix3 } from './matrix3.js';
import { createCost, type MsacEstimate } from './msac-cost.js';
import { pairLoops } from './pair-loops.js';
import type { PointPairs } from './point-pairs.js';
import { createSeededRandom, drawDistinct, shuffledIndices } from './seeded-random.js';

/** Settings of {@link estimateFromPlane}. */
export interface ParallaxSearch {
  /** Inlier threshold of the fundamental matrix, pixels. */
  readonly threshold: number;
  /** Pairs farther than this from the homography, in pixels, are used for their parallax. */
  readonly offPlane: number;
  readonly seed: number;
}

const SAMPLES = 300;

type Vector = readonly [number, number, number];

/**
 * Fundamental matrix from a homography and two pairs off its plane (plane and parallax, Hartley and Zisserman 13.2;
 * applied to dominant planes by DEGENSAC, Chum et al. 2005). When most points lie on one plane, a random sample of
 * seven rarely contains two points off it, and the seven-point search returns a matrix that fits little but the plane.
 * `null` when fewer than two pairs are off the plane.
 */
export function estimateFromPlane(
  pairs: PointPairs,
  plane: Matrix3,
  search: ParallaxSearch,
): MsacEstimate | null {
  const random = createSeededRandom(search.seed);
  const squaredThreshold = (search.threshold * pairs.scale) ** 2;
  const cost = createCost(FUNDAMENTAL, pairs, {
    squaredThreshold,
    order: shuffledIndices(random, pairs.count),
  });
  const rows = rowsOffPlane(pairs, plane, (search.offPlane * pairs.scale) ** 2);
  if (rows.length < 2) return null;
  const lines = rows.map((row) => parallaxLine(pairs.data, plane, row));
  const model = new Float64Array(9);
  const sample = new Int32Array(2);
  let best: MsacEstimate | null = null;
  // With few rows there are fewer combinations than samples; drawing some of them twice is harmless.
  const samples = Math.min(SAMPLES, rows.length * rows.length);
  for (let iterations = 1; iterations <= samples; iterations++) {
    drawDistinct(random, rows.length, sample);
    if (!fundamentalFromPlane(plane, [lines[sample[0]], lines[sample[1]]], model)) continue;
    const bound = best?.cost ?? Infinity;
    const modelCost = cost(model, bound);
    if (modelCost >= bound) continue;
    const start = { model: model.slice(), cost: modelCost };
    const refined = refine({ kind: FUNDAMENTAL, pairs, squaredThreshold, cost }, start);
    best = { ...refined, iterations };
  }
  return best;
}

function rowsOffPlane(pairs: PointPairs, plane: Matrix3, squaredDistance: number): number[] {
  const errors = pairLoops().measure('homography', pairs, plane);
  const rows: number[] = [];
  errors.forEach((error, i) => {
    if (error > squaredDistance) rows.push(i);
  });
  return rows;
}

/**
 * F = [e]x H, where the epipole e is the intersection of the parallax lines of two pairs; written to `model`.
 * @returns false when it is zero or not finite
 */
function fundamentalFromPlane(
  h: Matrix3,
  [first, second]: readonly [Vector, Vector],
  model: Matrix3,
): boolean {
  const [a, b, c] = cross(first, second);
  for (let k = 0; k < 3; k++) {
    model[k] = -c * h[3 + k] + b * h[6 + k];
    model[3 + k] = c * h[k] - a * h[6 + k];
    model[6 + k] = -b * h[k] + a * h[3 + k];
  }
  return toUnitNorm(model);
}

/** Line through a current point and the position to which the plane maps its goal point. */
function parallaxLine(data: Float64Array, h: Matrix3, i: number): Vector {
  const [x, y, u, v] = [data[4 * i], data[4 * i + 1], data[4 * i + 2], data[4 * i + 3]];
  const transferred: Vector = [
    h[0] * x + h[1] * y + h[2],
    h[3] * x + h[4] * y + h[5],
    h[6] * x + h[7] * y + h[8],
  ];
  return cross(transferred, [u, v, 1]);
}

function cross([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}
