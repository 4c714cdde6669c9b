import type { Features, Matches } from '../types.js';

/**
 * Matches with the relative orientation and scale of their key points, so that a single match determines a similarity.
 */
export interface CandidatePairs {
  readonly count: number;
  /** `[count, 2]` pixels. */
  readonly goal: Float32Array;
  readonly current: Float32Array;
  /** `[count]` rotation of the key point from goal to frame, radians; NaN if the detector has no orientation. */
  readonly turn: Float64Array;
  /** `[count]` logarithm of the scale ratio; NaN if the detector has no scale. */
  readonly growth: Float64Array;
  /** Diagonal of the bounding box of the goal's points, pixels. */
  readonly goalDiagonal: number;
  /** Area of the bounding box of the frame's key points, square pixels. */
  readonly currentArea: number;
}

const FULL_TURN = 2 * Math.PI;

/** Wraps an angle to -pi..pi. */
export const wrapped = (angle: number): number => angle - FULL_TURN * Math.round(angle / FULL_TURN);

/** Rotation between two orientations in degrees, in radians; NaN if either is missing. */
export function turnBetween(from: number, to: number): number {
  return from < 0 || to < 0 ? Number.NaN : wrapped(((to - from) * Math.PI) / 180);
}

/** Candidate pairs, one per row of `matches`. */
export function candidatePairs(goal: Features, current: Features, matches: Matches): CandidatePairs {
  const { count, goalIndex, currentIndex } = matches;
  const pick = (points: Float32Array, rows: Int32Array): Float32Array =>
    Float32Array.from({ length: 2 * count }, (_, k) => points[2 * rows[k >> 1] + (k & 1)]);
  const each = (value: (i: number, j: number) => number): Float64Array =>
    Float64Array.from({ length: count }, (_, k) => value(goalIndex[k], currentIndex[k]));
  const [goalWidth, goalHeight] = boxOf(goal.points);
  const [width, height] = boxOf(current.points);
  return {
    count,
    goal: pick(goal.points, goalIndex),
    current: pick(current.points, currentIndex),
    turn: each((i, j) => turnBetween(goal.angles[i], current.angles[j])),
    growth: each((i, j) => growthBetween(goal.sizes[i], current.sizes[j])),
    goalDiagonal: Math.hypot(goalWidth, goalHeight),
    currentArea: width * height,
  };
}

/** Logarithm of the scale ratio; NaN if either scale is missing. */
export const growthBetween = (from: number, to: number): number =>
  from > 0 && to > 0 ? Math.log(to / from) : Number.NaN;

/** Sides of the bounding box of points, at least one pixel each. */
function boxOf(points: Float32Array): readonly [number, number] {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let k = 0; k < points.length; k += 2) {
    left = Math.min(left, points[k]);
    right = Math.max(right, points[k]);
    top = Math.min(top, points[k + 1]);
    bottom = Math.max(bottom, points[k + 1]);
  }
  return [Math.max(1, right - left), Math.max(1, bottom - top)];
}
