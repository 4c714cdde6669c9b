import { verifyGeometry } from '../../geometry/two-view/verify-geometry.js';
import type { Features, Matches } from '../types.js';
import { fitMap, missOf } from './affine-map.js';
import { candidatePairs } from './candidate-pairs.js';
import { coarseConsensus } from './coarse-consensus.js';
import { guidedMatches } from './guided-matching.js';

/** Matches that are probably right although no camera motion verified them. */
export interface LikelyMatches {
  readonly matches: Matches;
  /** `[matches.count]` 1 for matches to be used. */
  readonly inliers: Uint8Array;
  readonly inlierCount: number;
}

/** Consensuses that unrelated images give more often than this, a frame, are none. */
const LOG_TOLERATED_FALSE_ALARMS = Math.log(0.05);
/** Fewest matches that fix six numbers. */
const FEWEST = 3;
/** Radius of the guided search in deviations of the map, and its limits in pixels. */
const RADIUS = { deviations: 3, least: 12, most: 60 };
/** Guided descriptors may be so much farther apart than three quarters of the consensus' are. */
const DISTANCE_SLACK = 1.25;

/**
 * Looks for goal points in a frame whose matches agree on no rigid motion, as after a wide change of the view: a rough
 * consensus on the image's turn, growth and shift, a map fitted to it, and matches near where the map expects them.
 * @param tries matches of ratio tests, strict and lax ones; those with the clearest consensus are used
 */
export function likelyMatches(
  goal: Features,
  current: Features,
  tries: readonly Matches[],
): LikelyMatches | null {
  const found = tries.flatMap((given) => {
    const pairs = candidatePairs(goal, current, given);
    const consensus = coarseConsensus(pairs);
    return consensus === null ? [] : [{ given, pairs, consensus }];
  });
  if (found.length === 0) return null;
  const { given, pairs, consensus } = found.reduce((best, one) =>
    one.consensus.logFalseAlarms < best.consensus.logFalseAlarms ? one : best,
  );
  if (consensus.rows.length < FEWEST || consensus.logFalseAlarms > LOG_TOLERATED_FALSE_ALARMS) return null;
  const fitted = fitMap(pairs, consensus.rows);
  if (fitted === null) return null;
  const radius = Math.min(RADIUS.most, Math.max(RADIUS.least, RADIUS.deviations * fitted.deviation));
  const distances = Float32Array.from(consensus.rows, (k) => given.distances[k]).sort();
  const mostDistance = DISTANCE_SLACK * distances[Math.floor(0.75 * (distances.length - 1))];
  const guide = { ...fitted, radius, turn: consensus.turn, growth: consensus.growth };
  const matches = guidedMatches(goal, current, { ...guide, mostDistance });
  return matches.count < FEWEST ? null : checked(goal, current, matches);
}

/** The guided matches that agree with one motion where they do at last, else those near their map. */
function checked(goal: Features, current: Features, matches: Matches): LikelyMatches | null {
  const pairs = candidatePairs(goal, current, matches);
  const { model, inliers, inlierCount } = verifyGeometry(pairs.goal, pairs.current, {
    distances: matches.distances,
  });
  if (model !== 'none' && inlierCount >= FEWEST) return { matches, inliers, inlierCount };
  const fitted = fitMap(pairs, [...Array(pairs.count).keys()]);
  if (fitted === null) return null;
  const near = Uint8Array.from({ length: pairs.count }, (_, k) =>
    missOf(fitted.map, pairs, k) <= RADIUS.deviations * fitted.deviation ? 1 : 0,
  );
  const count = near.reduce((sum, one) => sum + one, 0);
  return count < FEWEST ? null : { matches, inliers: near, inlierCount: count };
}
