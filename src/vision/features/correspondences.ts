import { verifyGeometry, type GeometryOptions } from '../geometry/two-view/verify-geometry.js';
import { DISTANCE_RATIO, matchFeatures } from './matcher.js';
import { likelyMatches } from './weak/likely-matches.js';
import type { Features, GeometryModel, Matches } from './types.js';

/** Why a frame cannot be used. */
export type CorrespondenceLoss = 'NO_KEYPOINTS' | 'TOO_FEW_MATCHES' | 'TOO_FEW_INLIERS' | 'MIRROR_IMAGE';

/** Where the goal's points are in one frame. N is the number of goal points, fixed for a goal. */
export interface Correspondences {
  /** `[N, 2]` pixels; (0, 0) where not visible. */
  readonly cur: Float32Array;
  /** `[N]` 1 where the point was found and agrees with the motion, else 0. */
  readonly visible: Float32Array;
  /** All matches before the geometric check. */
  readonly matches: Matches;
  /** `[matches.count]` 1 for matches that are kept. */
  readonly inliers: Uint8Array;
  readonly inlierCount: number;
  readonly model: GeometryModel;
  /** Median distance of the kept matches to the model, pixels; `null` without a model. */
  readonly error: number | null;
  /** Set when the frame is lost: nothing is visible then. */
  readonly lost: CorrespondenceLoss | null;
  /** Set when the geometric check failed and likely points are visible all the same: why it failed. */
  readonly weak: CorrespondenceLoss | null;
  /** `[matches.count, 2]` current positions of all matches of a lost frame, for a servo that knows where the goal was last. */
  readonly candidates: Float32Array | null;
}

/** Settings of {@link findCorrespondences}. */
export interface CorrespondenceOptions {
  /** Ratio test of the matcher. */
  readonly ratio?: number;
  /** Frames with fewer kept matches are lost. */
  readonly minInliers?: number;
  readonly geometry?: Omit<GeometryOptions, 'distances'>;
}

/** Ratio test for a frame that the strict one leaves without a verified motion. */
export const LOOSE_RATIO = 0.95;

/** A frame with fewer correspondences than this determines no camera motion. */
const MIN_FRAME_POINTS = 3;

/**
 * Goals with fewer points than this skip the geometric check: a model fitted to so few pairs has too many free
 * parameters for agreement to be significant.
 */
const MIN_VERIFIABLE_POINTS = 8;

/**
 * Finds the goal's points in a frame: matches descriptors, then keeps the matches that agree with one rigid motion.
 * @param goal the selected goal features, the same for every frame of a servo
 * @param current all features of the frame, pixels of the same working size
 */
export function findCorrespondences(
  goal: Features,
  current: Features,
  options: CorrespondenceOptions = {},
): Correspondences {
  const matches = matchFeatures(goal, current, options.ratio ?? DISTANCE_RATIO);
  return checkCorrespondences(goal, current, matches, options);
}

/** The geometric check of {@link findCorrespondences}: keeps the matches that agree with one rigid motion. */
export function checkCorrespondences(
  goal: Features,
  current: Features,
  matches: Matches,
  { minInliers = MIN_FRAME_POINTS, geometry = {} }: Omit<CorrespondenceOptions, 'ratio'> = {},
): Correspondences {
  if (current.count === 0) return lostFrame(goal, matches, { lost: 'NO_KEYPOINTS' });
  if (matches.count < MIN_FRAME_POINTS) return lostFrame(goal, matches, { lost: 'TOO_FEW_MATCHES' });
  const pairs = pairPoints(goal, current, matches);
  const checked =
    goal.count < MIN_VERIFIABLE_POINTS
      ? unchecked(matches.count)
      : verifyGeometry(pairs.goal, pairs.current, { ...geometry, distances: matches.distances });
  if (checked.isMirrored) return lostFrame(goal, matches, { lost: 'MIRROR_IMAGE' });
  if (checked.inlierCount < Math.max(minInliers, MIN_FRAME_POINTS))
    return lostFrame(goal, matches, { lost: 'TOO_FEW_INLIERS', candidates: pairs.current });
  const { model, error, inliers, inlierCount } = checked;
  return {
    ...placeVisible(goal.count, pairs.current, { matches, inliers }),
    matches,
    inliers,
    inlierCount,
    model,
    error,
    lost: null,
    weak: null,
    candidates: null,
  };
}

/**
 * The second chance of a frame that {@link checkCorrespondences} calls lost: points that are probably right although no
 * rigid motion verified them.
 * @param loose matches of a laxer ratio test, {@link LOOSE_RATIO}
 */
export function weakCorrespondences(
  goal: Features,
  current: Features,
  { loose, lost }: { readonly loose: Matches; readonly lost: Correspondences },
): Correspondences {
  const isHopeless = lost.lost === null || lost.lost === 'MIRROR_IMAGE';
  const likely = isHopeless ? null : likelyMatches(goal, current, [lost.matches, loose]);
  if (likely === null) return lost;
  const { matches, inliers, inlierCount } = likely;
  const pairs = pairPoints(goal, current, matches);
  const placed = placeVisible(goal.count, pairs.current, { matches, inliers });
  return { ...lost, ...placed, matches, inliers, inlierCount, lost: null, weak: lost.lost, candidates: null };
}

function lostFrame(
  goal: Features,
  matches: Matches,
  {
    lost,
    candidates = null,
  }: { readonly lost: CorrespondenceLoss; readonly candidates?: Float32Array | null },
): Correspondences {
  return {
    cur: new Float32Array(2 * goal.count),
    visible: new Float32Array(goal.count),
    matches,
    inliers: new Uint8Array(matches.count),
    inlierCount: 0,
    model: 'none',
    error: null,
    lost,
    weak: null,
    candidates,
  };
}

interface Checked extends Pick<Correspondences, 'model' | 'inliers' | 'inlierCount' | 'error'> {
  readonly isMirrored: boolean;
}

function unchecked(count: number): Checked {
  const inliers = new Uint8Array(count).fill(1);
  return { model: 'none', inliers, inlierCount: count, error: null, isMirrored: false };
}

interface PairedPoints {
  readonly goal: Float32Array;
  readonly current: Float32Array;
}

function pairPoints(goal: Features, current: Features, matches: Matches): PairedPoints {
  const pick = (points: Float32Array, rows: Int32Array): Float32Array =>
    Float32Array.from({ length: 2 * rows.length }, (_, k) => points[2 * rows[k >> 1] + (k & 1)]);
  return { goal: pick(goal.points, matches.goalIndex), current: pick(current.points, matches.currentIndex) };
}

function placeVisible(
  goalCount: number,
  currentPoints: Float32Array,
  { matches, inliers }: Pick<Correspondences, 'matches' | 'inliers'>,
): Pick<Correspondences, 'cur' | 'visible'> {
  const cur = new Float32Array(2 * goalCount);
  const visible = new Float32Array(goalCount);
  for (let k = 0; k < matches.count; k++) {
    if (inliers[k] === 0) continue;
    const i = matches.goalIndex[k];
    cur.set(currentPoints.subarray(2 * k, 2 * k + 2), 2 * i);
    visible[i] = 1;
  }
  return { cur, visible };
}
