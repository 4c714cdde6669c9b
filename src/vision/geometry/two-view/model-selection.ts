import type { GeometryModel } from '../../features/types.js';
import type { Matrix3 } from './matrix3.js';
import { pairLoops } from './pair-loops.js';
import type { PointPairs } from './point-pairs.js';
import { liesOnLine } from './collinearity.js';
import { logFalseAlarms, type Agreement } from './significance.js';
import type { TwoViewModel } from './two-view-model.js';

/** A fitted model and how well the pairs agree with it. */
export interface Assessment {
  readonly name: Exclude<GeometryModel, 'none'>;
  readonly model: Matrix3;
  /** Inlier threshold, pixels. */
  readonly threshold: number;
  /** `[n]` distance of each pair to the model, pixels. */
  readonly errors: Float64Array;
  readonly inliers: Uint8Array;
  readonly inlierCount: number;
  /** Whether unrelated pairs would almost never agree this well by chance. */
  readonly significant: boolean;
}

/** A model to assess. */
export interface Candidate {
  readonly name: Assessment['name'];
  readonly kind: TwoViewModel;
  readonly model: Matrix3;
  readonly threshold: number;
}

/** Tolerated false alarms per image pair: one in a hundred. */
const LOG_TOLERATED_FALSE_ALARMS = Math.log(0.01);

/** Models through one minimal sample. */
const MODELS_PER_SAMPLE = { fundamental: 3, homography: 1 };

/** Matches whose goal points share a square of this side (pixels) show the same corner and count once. */
const CORNER_SIDE = 4;

/** Multiplier that packs column and row of a square into one number; larger than any possible row range. */
const SQUARES_PER_LINE = 2 ** 20;

/** Pairs farther than this many thresholds from the homography are clearly off its plane. */
const CLEARLY_OFF_PLANE = 1.5;

/** Points whose deviation across their main direction is below this many thresholds count as collinear. */
const NARROW = 2;

/**
 * A homography is still preferred when it misses at most this share, or this number, of the fundamental matrix's
 * inliers.
 */
const MISSED = { share: 0.15, count: 3 };

/** Evaluates a fitted model on all pairs. */
export function assess(pairs: PointPairs, { name, kind, model, threshold }: Candidate): Assessment {
  const errors = pairLoops().measure(kind.name, pairs, model);
  const inliers = new Uint8Array(pairs.count);
  let inlierCount = 0;
  for (let i = 0; i < pairs.count; i++) {
    errors[i] = Math.sqrt(errors[i]) / pairs.scale;
    if (!(errors[i] < threshold)) continue;
    inliers[i] = 1;
    inlierCount++;
  }
  const determined = name === 'homography' || !liesOnLine(pairs, inliers, NARROW * threshold);
  const agreement = {
    pairs: countDistinctCorners(pairs, () => true),
    inliers: countDistinctCorners(pairs, (i) => inliers[i] === 1),
    sampleSize: kind.sampleSize,
    modelsPerSample: MODELS_PER_SAMPLE[name],
    chance: chanceOf(pairs, name, threshold),
  };
  const significant = determined && isSignificant(agreement);
  return { name, model, threshold, errors, inliers, inlierCount, significant };
}

/**
 * Minimum number of inliers with which a model of this kind can be significant among these pairs; infinity when none
 * can.
 */
export function fewestSignificantInliers(pairs: PointPairs, candidate: Omit<Candidate, 'model'>): number {
  const { name, kind, threshold } = candidate;
  const chance = chanceOf(pairs, name, threshold);
  const { sampleSize } = kind;
  for (let inliers = sampleSize + 1; inliers <= pairs.count; inliers++) {
    const modelsPerSample = MODELS_PER_SAMPLE[name];
    if (isSignificant({ pairs: pairs.count, inliers, sampleSize, modelsPerSample, chance })) return inliers;
  }
  return Infinity;
}

const isSignificant = (agreement: Agreement): boolean =>
  logFalseAlarms(agreement) < LOG_TOLERATED_FALSE_ALARMS;

/**
 * Whether the fundamental matrix is no better than the homography: it has hardly more inliers, and the inliers clearly
 * off the homography's plane are no more than two free parameters (the epipole) fitted to them would explain.
 */
export function explainsNoMoreThanPlane(
  pairs: PointPairs,
  fundamental: Assessment,
  plane: Assessment,
): boolean {
  const missed = fundamental.inlierCount - plane.inlierCount;
  if (missed > Math.max(MISSED.count, MISSED.share * fundamental.inlierCount)) return false;
  const isOff = (i: number): boolean => plane.errors[i] > CLEARLY_OFF_PLANE * plane.threshold;
  return !isSignificant({
    pairs: countDistinctCorners(pairs, isOff),
    inliers: countDistinctCorners(pairs, (i) => isOff(i) && fundamental.inliers[i] === 1),
    sampleSize: 2,
    modelsPerSample: 1,
    chance: chanceOf(pairs, 'fundamental', fundamental.threshold),
  });
}

/**
 * Probability that an unrelated pair is an inlier: the area around an epipolar line, or around a point, divided by the
 * area that the current points occupy. A Sampson distance in four coordinates corresponds to sqrt(2) times that
 * distance in one image.
 */
function chanceOf(pairs: PointPairs, name: Assessment['name'], threshold: number): number {
  const [width, height] = currentExtent(pairs);
  const reach = Math.SQRT2 * threshold;
  const near = name === 'fundamental' ? 2 * reach * Math.hypot(width, height) : Math.PI * reach * reach;
  return Math.min(1, near / (width * height));
}

/** Sides of the bounding box of the current points, pixels, at least 1. */
function currentExtent({ count, data, scale }: PointPairs): readonly [number, number] {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    left = Math.min(left, data[4 * i + 2]);
    right = Math.max(right, data[4 * i + 2]);
    top = Math.min(top, data[4 * i + 3]);
    bottom = Math.max(bottom, data[4 * i + 3]);
  }
  return [Math.max(1, (right - left) / scale), Math.max(1, (bottom - top) / scale)];
}

function countDistinctCorners({ count, data, scale }: PointPairs, counts: (i: number) => boolean): number {
  const squares = new Set<number>();
  for (let i = 0; i < count; i++) {
    if (!counts(i)) continue;
    const column = Math.floor(data[4 * i] / scale / CORNER_SIDE);
    const line = Math.floor(data[4 * i + 1] / scale / CORNER_SIDE);
    squares.add(column * SQUARES_PER_LINE + line);
  }
  return squares.size;
}
