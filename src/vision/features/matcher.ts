import { AppError } from '../../errors/app-error.js';
import { nearestByEuclidean } from './euclidean-distance.js';
import { nearestByHamming, type NearestTable } from './nearest-table.js';
import type { Descriptors, Features, Matches } from './types.js';

/**
 * Lowe's ratio test: the best distance must be below this multiple of the second best (distances, not squared
 * distances).
 */
export const DISTANCE_RATIO = 0.8;

/** Two sets of features that have been compared, which takes most of the time of matching. */
export interface ComparedFeatures {
  /** As {@link matchFeatures}. */
  matches(ratio?: number): Matches;
}

/**
 * Compares two sets of features for {@link matchFeatures}.
 * @throws AppError DESCRIPTOR_MISMATCH when the two sets are of different kind or size.
 */
export function compareFeatures(goal: Features, current: Features): ComparedFeatures {
  if (goal.count < 1 || current.count < 2) return { matches: () => toMatches([]) };
  const { table, squared } = compareAll(goal.descriptors, current);
  return { matches: (ratio = DISTANCE_RATIO) => matchByTable(table, { ratio, squared }) };
}

/**
 * Mutual nearest neighbours that pass the ratio test against the goal row's second best match elsewhere in the image.
 * Returns no pairs when there is no goal row or there are fewer than two current rows.
 * @throws AppError DESCRIPTOR_MISMATCH when the two sets are of different kind or size.
 */
export function matchFeatures(goal: Features, current: Features, ratio: number = DISTANCE_RATIO): Matches {
  return compareFeatures(goal, current).matches(ratio);
}

/** How to filter a {@link NearestTable}. */
export interface MatchRule {
  readonly ratio: number;
  /** Whether the table holds squared distances. */
  readonly squared: boolean;
}

/** As {@link matchFeatures}, from precomputed nearest neighbours. */
export function matchByTable(table: NearestTable, { ratio, squared }: MatchRule): Matches {
  // Squaring the ratio avoids one square root per row.
  const limit = squared ? ratio * ratio : ratio;
  const pairs: Pair[] = [];
  for (let i = 0; i < table.nearest.length; i++) {
    const j = table.nearest[i];
    if (table.nearestGoal[j] !== i || table.best[i] >= limit * table.second[i]) continue;
    pairs.push({ goal: i, current: j, distance: squared ? Math.sqrt(table.best[i]) : table.best[i] });
  }
  return toMatches(pairs);
}

interface Pair {
  readonly goal: number;
  readonly current: number;
  readonly distance: number;
}

/** Matches as rows of indices and distances. */
export function toMatches(pairs: readonly Pair[]): Matches {
  return {
    count: pairs.length,
    goalIndex: Int32Array.from(pairs, (pair) => pair.goal),
    currentIndex: Int32Array.from(pairs, (pair) => pair.current),
    distances: Float32Array.from(pairs, (pair) => pair.distance),
  };
}

function compareAll(
  goal: Descriptors,
  { descriptors: current, points }: Features,
): { table: NearestTable; squared: boolean } {
  if (goal.kind === 'binary' && current.kind === 'binary' && goal.bytes === current.bytes) {
    return { table: nearestByHamming(goal, current, points), squared: false };
  }
  if (goal.kind === 'float' && current.kind === 'float' && goal.width === current.width) {
    return { table: nearestByEuclidean(goal, current, points), squared: true };
  }
  throw new AppError('DESCRIPTOR_MISMATCH', {
    message: `Descriptors of different detectors cannot be matched: ${shapeOf(goal)} and ${shapeOf(current)}.`,
  });
}

function shapeOf(descriptors: Descriptors): string {
  return descriptors.kind === 'binary' ? `${descriptors.bytes} bytes` : `${descriptors.width} numbers`;
}
