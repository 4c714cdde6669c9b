import { AppError } from '../../errors/app-error.js';
import { nearestByEuclidean } from './euclidean-distance.js';
import { nearestByHamming, type NearestTable } from './nearest-table.js';
import type { Descriptors, Features, Matches } from './types.js';

/** A match must be this much nearer than the second best (Lowe's ratio test, on distances, not on their squares). */
export const DISTANCE_RATIO = 0.8;

/**
 * Pairs of rows that are each other's nearest neighbour and clearly nearer than the goal row's second best elsewhere.
 * No pairs when either side is too small for that question: no goal row, or fewer than two current ones.
 * @throws AppError DESCRIPTOR_MISMATCH when the two sets are of different kind or size.
 */
export function matchFeatures(goal: Features, current: Features, ratio: number = DISTANCE_RATIO): Matches {
  if (goal.count < 1 || current.count < 2) return toMatches([]);
  const { table, squared } = compareAll(goal.descriptors, current);
  return matchByTable(table, { ratio, squared });
}

/** How to judge a {@link NearestTable}. */
export interface MatchRule {
  readonly ratio: number;
  /** Whether the table holds squares of distances. */
  readonly squared: boolean;
}

/** The pairs of {@link matchFeatures}, from nearest neighbours that are known. */
export function matchByTable(table: NearestTable, { ratio, squared }: MatchRule): Matches {
  // Floats come as squares: the ratio is squared instead of taking a root per row.
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

function toMatches(pairs: readonly Pair[]): Matches {
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
