import type { GeometryModel } from '../../features/types.js';
import { FUNDAMENTAL } from './fundamental-model.js';
import { HOMOGRAPHY } from './homography-model.js';
import {
  assess,
  explainsNoMoreThanPlane,
  fewestSignificantInliers,
  type Assessment,
  type Candidate,
} from './model-selection.js';
import { multiply3, toUnitNorm, transpose3, type Matrix3 } from './matrix3.js';
import { isMirrorImage } from './mirror-image.js';
import { estimateMsac, samplesNeeded, type MsacOptions } from './msac.js';
import { estimateFromPlane } from './plane-and-parallax.js';
import { neighbourSupport } from './neighbour-support.js';
import { conditioning, conditionPairs, unconditioning, type PointPairs } from './point-pairs.js';

/** Settings of {@link verifyGeometry}. */
export interface GeometryOptions {
  /** Largest distance of an inlier to an epipolar model, pixels; default 1.5 (for images with a long side of 640). */
  readonly threshold?: number;
  readonly confidence?: number;
  readonly minIterations?: number;
  readonly maxIterations?: number;
  readonly seed?: number;
  /**
   * `[n]` descriptor distances: smaller is more trusted. By default, pairs that move with their neighbours are trusted.
   */
  readonly distances?: ArrayLike<number>;
}

/** Which pairs of two views agree on one camera motion. */
export interface GeometryResult {
  /** `none`: no more pairs agree than unrelated ones would by chance. */
  readonly model: GeometryModel;
  /** `[n]` 1 for pairs that agree, 0 for the others. */
  readonly inliers: Uint8Array;
  readonly inlierCount: number;
  /** Median distance of the inliers to the model, pixels; `null` without a model. */
  readonly error: number | null;
  /** Whether the pairs agree on a mirror image of the scene, which no camera motion makes; there is no model then. */
  readonly isMirrored: boolean;
  /** The model in pixels, row-major, unit norm: `[u v 1] F [x y 1]^T = 0` or `[u v 1] ~ H [x y 1]`. */
  readonly matrix: Matrix3 | null;
}

const DEFAULTS = { threshold: 1.5, confidence: 0.999, minIterations: 30, maxIterations: 1500, seed: 1 };

/**
 * Enough to find a plane that holds 43 % of all pairs, or less when trusted pairs are sampled first; smaller planes do
 * not change the result.
 */
const MAX_HOMOGRAPHY_ITERATIONS = 200;

/**
 * When this share of a fundamental matrix's inliers lies on one plane, seven-point sampling cannot improve it: the
 * matrix came from the plane and two pairs off it, and random samples of seven rarely contain two such pairs.
 */
const DOMINANT = 0.6;

/**
 * The 95 % quantiles of the distance to a homography (two degrees of freedom, 2.448 sigma) and to an epipolar line
 * (one, 1.960 sigma) differ by this factor for the same noise.
 */
const HOMOGRAPHY_THRESHOLD_FACTOR = 2.448 / 1.96;

/**
 * Separates correct matches from wrong ones by the motion of one rigid scene between two views. A homography is fitted
 * as well as a fundamental matrix, because planes and pure rotations leave the latter undetermined.
 * @param goal `[n, 2]` pixels
 * @param current `[n, 2]` pixels, in the same order as `goal`
 */
export function verifyGeometry(
  goal: Float32Array,
  current: Float32Array,
  options: GeometryOptions = {},
): GeometryResult {
  const { distances, ...given } = options;
  const pairs = conditionPairs(goal, current);
  const trust = distances ? Float64Array.from(distances, (distance) => -distance) : neighbourSupport(pairs);
  const search: MsacOptions = { ...DEFAULTS, ...given, ranking: rank(trust) };
  const homography = bestHomography(pairs, search);
  const fundamental = bestFundamental(pairs, search, homography);
  const isMirrored = fundamental?.significant === true && isMirrorImage(pairs, fundamental.inliers);
  const chosen = choose(pairs, homography, isMirrored ? null : fundamental);
  return chosen === null ? noModel(pairs.count, isMirrored) : toResult(pairs, chosen);
}

function bestHomography(pairs: PointPairs, search: MsacOptions): Assessment | null {
  const threshold = search.threshold * HOMOGRAPHY_THRESHOLD_FACTOR;
  const candidate = { name: 'homography', kind: HOMOGRAPHY, threshold } as const;
  const most = Math.min(search.maxIterations, MAX_HOMOGRAPHY_ITERATIONS);
  const maxIterations = worthwhileSamples(pairs, candidate, { ...search, maxIterations: most });
  const estimate = estimateMsac(HOMOGRAPHY, pairs, { ...search, threshold, maxIterations });
  return estimate && assess(pairs, { ...candidate, model: estimate.model });
}

function bestFundamental(
  pairs: PointPairs,
  search: MsacOptions,
  plane: Assessment | null,
): Assessment | null {
  const { threshold, seed } = search;
  const candidate = { name: 'fundamental', kind: FUNDAMENTAL, threshold } as const;
  const initial = plane?.significant
    ? estimateFromPlane(pairs, plane.model, { threshold, offPlane: 2 * plane.threshold, seed })
    : null;
  const known = initial === null ? null : assess(pairs, { ...candidate, model: initial.model });
  const mostlyPlane = known !== null && plane !== null && plane.inlierCount >= DOMINANT * known.inlierCount;
  const maxIterations = mostlyPlane ? 0 : worthwhileSamples(pairs, candidate, search);
  const estimate = estimateMsac(FUNDAMENTAL, pairs, { ...search, maxIterations, initial });
  return estimate && assess(pairs, { ...candidate, model: estimate.model });
}

/**
 * Number of samples needed to find any significant model. With few matches, most must agree, so few samples are enough.
 */
function worthwhileSamples(
  pairs: PointPairs,
  candidate: Omit<Candidate, 'model'>,
  search: MsacOptions,
): number {
  const fewest = fewestSignificantInliers(pairs, candidate);
  if (fewest > pairs.count) return 0;
  return samplesNeeded(fewest / pairs.count, candidate.kind.sampleSize, search);
}

function choose(
  pairs: PointPairs,
  homography: Assessment | null,
  fundamental: Assessment | null,
): Assessment | null {
  if (!homography?.significant) return fundamental?.significant ? fundamental : null;
  if (!fundamental?.significant) return homography;
  return explainsNoMoreThanPlane(pairs, fundamental, homography) ? homography : fundamental;
}

/** Rows from the most to the least trusted. */
function rank(trust: Float64Array): Int32Array {
  return Int32Array.from(trust.keys()).sort((a, b) => trust[b] - trust[a] || a - b);
}

function noModel(count: number, isMirrored: boolean): GeometryResult {
  const inliers = new Uint8Array(count);
  return { model: 'none', inliers, inlierCount: 0, error: null, isMirrored, matrix: null };
}

function toResult(pairs: PointPairs, { name, model, inliers, errors }: Assessment): GeometryResult {
  const distances = errors.filter((_, i) => inliers[i] === 1).sort();
  const toPixels = name === 'fundamental' ? fundamentalInPixels : homographyInPixels;
  return {
    model: name,
    inliers,
    inlierCount: distances.length,
    error: distances[distances.length >> 1],
    isMirrored: false,
    matrix: toPixels(pairs, model),
  };
}

function fundamentalInPixels({ scale, goalCentre, currentCentre }: PointPairs, model: Matrix3): Matrix3 {
  const left = transpose3(conditioning(scale, currentCentre));
  const matrix = multiply3(multiply3(left, model), conditioning(scale, goalCentre));
  toUnitNorm(matrix);
  return matrix;
}

function homographyInPixels({ scale, goalCentre, currentCentre }: PointPairs, model: Matrix3): Matrix3 {
  const left = unconditioning(scale, currentCentre);
  const matrix = multiply3(multiply3(left, model), conditioning(scale, goalCentre));
  toUnitNorm(matrix);
  return matrix;
}
