import { rotate, type Mat3 } from '../rotation.js';
import { add, dot, length, scale, type Vec3 } from '../vector.js';
import type { Matrix3 } from '../two-view/matrix3.js';
import { verifyGeometry, type GeometryResult } from '../two-view/verify-geometry.js';
import { essentialOf, signedSampson } from './epipolar-error.js';
import { decomposeEssential } from './essential-decomposition.js';
import { decomposeHomography, type PlanarView } from './homography-decomposition.js';
import { rayOf, type NormalisedPairs, type RelativeView } from './relative-view.js';
import { countInFront, inverseDepth } from './triangulation.js';
import { refineView } from './view-refinement.js';

/** Relative pose of two views of one scene. */
export interface RelativePoseEstimate extends RelativeView {
  /** Centroid of the visible points in the goal frame, in the arbitrary unit of the translation. */
  readonly centre: Vec3;
  readonly model: 'fundamental' | 'homography';
  /** Indices of the pairs that agree with the pose. */
  readonly rows: readonly number[];
  /** Inverse depth of each of `rows` in the goal camera, in the reciprocal of that unit. */
  readonly inverseDepths: readonly number[];
  /** Unit normal of the plane in the goal frame; `null` for a scene with depth. */
  readonly normal: Vec3 | null;
}

/** Settings of {@link estimateRelativePose}. */
export interface RelativePoseOptions {
  /**
   * Plane normal of an earlier frame, goal frame: a planar scene has two solutions, and the one nearer to it is
   * preferred.
   */
  readonly expectedNormal?: Vec3 | null;
  readonly seed?: number;
}

/**
 * Pixels per normalised unit: a typical focal length at 640 pixels, for which the thresholds of the geometric check
 * hold.
 */
const FOCAL = 540;
/** Inlier distance of an epipolar model, pixels. */
const THRESHOLD = 1.5;
/**
 * Weight of agreement with the expected normal, in pairs: a planar pose against it must explain this many more pairs off
 * the plane.
 */
const NORMAL_WEIGHT = 10;
/** Depths are clamped to the median times and divided by this, so that an outlier cannot move the centroid. */
const DEPTH_SPREAD = 3;

/**
 * Pose of the current camera relative to the goal camera, up to scale: from the essential matrix, or from a homography
 * for planar scenes and short baselines, whichever model selection prefers. `null` when no model is significant.
 */
export function estimateRelativePose(
  pairs: NormalisedPairs,
  { expectedNormal = null, seed = 1 }: RelativePoseOptions = {},
): RelativePoseEstimate | null {
  const inPixels = (points: Float32Array): Float32Array => points.map((value) => value * FOCAL);
  const geometry = verifyGeometry(inPixels(pairs.goal), inPixels(pairs.current), {
    threshold: THRESHOLD,
    seed,
  });
  if (geometry.matrix === null || geometry.model === 'none') return null;
  const kept = select(pairs, geometry, 1);
  const rows = rowsOf(pairs).filter((i) => geometry.inliers[i] === 1);
  const found =
    geometry.model === 'fundamental'
      ? fromFundamental(kept, geometry.matrix)
      : fromHomography(kept, { others: select(pairs, geometry, 0), matrix: geometry.matrix, expectedNormal });
  return found && { ...found, rows };
}

type EstimateOfKept = Omit<RelativePoseEstimate, 'rows'>;

function fromFundamental(kept: NormalisedPairs, matrix: Matrix3): EstimateOfKept | null {
  const candidates = decomposeEssential(calibratedFundamental(matrix));
  const inFront = candidates.map((view) => countInFront(view, kept));
  const start = candidates[inFront.indexOf(Math.max(...inFront))];
  const view = refineView(start, kept, THRESHOLD / FOCAL);
  const inverseDepths = rowsOf(kept).map((i) => inverseDepth(view, kept, i));
  const centre = centreOf(kept, inverseDepths);
  return centre && { ...view, centre, inverseDepths, model: 'fundamental', normal: null };
}

interface PlanarHypothesis {
  /** Pairs off the plane. */
  readonly others: NormalisedPairs;
  readonly matrix: Matrix3;
  readonly expectedNormal: Vec3 | null;
}

function fromHomography(
  kept: NormalisedPairs,
  { others, matrix, expectedNormal }: PlanarHypothesis,
): EstimateOfKept | null {
  const wanted = expectedNormal ?? [0, 0, 1];
  // Pairs on the plane satisfy both solutions: only their noise would choose between them.
  const costOf = (view: PlanarView): number =>
    epipolarCost(view, others) - NORMAL_WEIGHT * dot(view.normal, wanted);
  const possible = decomposeHomography(calibratedHomography(kept, matrix))
    .filter(
      ({ normal }) =>
        2 * rowsOf(kept).filter((i) => dot(normal, rayOf(kept.goal, i)) > 0).length > rowsOf(kept).length,
    )
    .map((view) => ({ view, cost: costOf(view) }))
    .sort((a, b) => a.cost - b.cost);
  if (possible.length === 0) return null;
  const { view } = possible[0];
  const inverseDepths = rowsOf(kept).map((i) => dot(view.normal, rayOf(kept.goal, i)));
  const centre = centreOf(kept, inverseDepths);
  return centre && { ...view, centre, inverseDepths, model: 'homography' };
}

/**
 * MSAC cost of a view over pairs; 0 for a pure rotation, which has no epipolar
 * geometry.
 */
function epipolarCost(view: RelativeView, pairs: NormalisedPairs): number {
  if (length(view.translation) === 0) return 0;
  const essential = essentialOf(view);
  return rowsOf(pairs).reduce((sum, i) => {
    const error = (signedSampson(essential, pairs, i) * FOCAL) / THRESHOLD;
    return sum + Math.min(1, error * error);
  }, 0);
}

/** Centroid of the points, from inverse depths along their rays. */
function centreOf(pairs: NormalisedPairs, inverse: readonly number[]): Vec3 | null {
  const middle = inverse.toSorted((a, b) => a - b)[inverse.length >> 1];
  if (!(middle > 0)) return null;
  const sum = inverse.reduce<Vec3>(
    (total, rho, i) => {
      const bounded = Math.min(middle * DEPTH_SPREAD, Math.max(middle / DEPTH_SPREAD, rho));
      return add(total, scale(rayOf(pairs.goal, i), 1 / bounded));
    },
    [0, 0, 0],
  );
  return scale(sum, 1 / inverse.length);
}

/** The inliers (1) or the outliers (0). */
function select(
  { goal, current }: NormalisedPairs,
  { inliers }: GeometryResult,
  kind: 0 | 1,
): NormalisedPairs {
  const keep = (points: Float32Array): Float32Array => points.filter((_, k) => inliers[k >> 1] === kind);
  return { goal: keep(goal), current: keep(current) };
}

const rowsOf = ({ goal }: NormalisedPairs): number[] => Array.from({ length: goal.length / 2 }, (_, i) => i);

/** `E = K^T F K` with `K = diag(f, f, 1)`. */
function calibratedFundamental(f: Matrix3): Mat3 {
  const [a, b] = [FOCAL * FOCAL, FOCAL];
  return [a * f[0], a * f[1], b * f[2], a * f[3], a * f[4], b * f[5], b * f[6], b * f[7], f[8]];
}

/** `K^-1 H K`, with the sign that keeps points in front of the camera. */
function calibratedHomography(kept: NormalisedPairs, h: Matrix3): Mat3 {
  const f = FOCAL;
  const m: Mat3 = [h[0], h[1], h[2] / f, h[3], h[4], h[5] / f, h[6] * f, h[7] * f, h[8]];
  const sign = rowsOf(kept).reduce((sum, i) => {
    return sum + Math.sign(dot(rotate(m, rayOf(kept.goal, i)), rayOf(kept.current, i)));
  }, 0);
  if (sign >= 0) return m;
  return [-m[0], -m[1], -m[2], -m[3], -m[4], -m[5], -m[6], -m[7], -m[8]];
}
