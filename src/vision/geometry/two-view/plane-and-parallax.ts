import { FUNDAMENTAL } from './fundamental-model.js';
import { HOMOGRAPHY } from './homography-model.js';
import { refine } from './local-optimisation.js';
import { multiply3, toUnitNorm, type Matrix3 } from './matrix3.js';
import { createCost, type MsacEstimate } from './msac-cost.js';
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
  const sample = new Int32Array(2);
  let best: MsacEstimate | null = null;
  // With few rows there are fewer combinations than samples; drawing some of them twice is harmless.
  const samples = Math.min(SAMPLES, rows.length * rows.length);
  for (let iterations = 1; iterations <= samples; iterations++) {
    drawDistinct(random, rows.length, sample);
    const model = fundamentalFromPlane(pairs.data, plane, [rows[sample[0]], rows[sample[1]]]);
    const bound = best?.cost ?? Infinity;
    const modelCost = model === null ? Infinity : cost(model, bound);
    if (model === null || modelCost >= bound) continue;
    const refined = refine({ kind: FUNDAMENTAL, pairs, squaredThreshold, cost }, { model, cost: modelCost });
    best = { ...refined, iterations };
  }
  return best;
}

function rowsOffPlane({ count, data }: PointPairs, plane: Matrix3, squaredDistance: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  return all.filter((i) => HOMOGRAPHY.squaredError(plane, data, i) > squaredDistance);
}

/** F = [e]x H, where the epipole e is the intersection of the parallax lines of the two pairs. */
function fundamentalFromPlane(
  data: Float64Array,
  plane: Matrix3,
  [i, j]: readonly [number, number],
): Matrix3 | null {
  const [a, b, c] = cross(parallaxLine(data, plane, i), parallaxLine(data, plane, j));
  const fundamental = multiply3([0, -c, b, c, 0, -a, -b, a, 0], plane);
  return toUnitNorm(fundamental) ? fundamental : null;
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
