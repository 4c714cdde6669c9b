import { verifyGeometry } from '../../geometry/two-view/verify-geometry.js';
import type { Features, Matches } from '../types.js';
import { fitMap, missOf } from './affine-map.js';
import { candidatePairs } from './candidate-pairs.js';
import { coarseConsensus } from './coarse-consensus.js';
import { guidedMatches } from './guided-matching.js';

/** Matches that are probably correct although no camera motion verified them. */
export interface LikelyMatches {
  readonly matches: Matches;
  /** `[matches.count]` 1 for matches to use. */
  readonly inliers: Uint8Array;
  readonly inlierCount: number;
}

/** A consensus is rejected if unrelated images would yield one as large more often than this per frame. */
const LOG_TOLERATED_FALSE_ALARMS = Math.log(0.05);
/** Minimum number of matches that determine the six parameters of an affine map. */
const MIN_MATCHES = 3;
/** Radius of the guided search in deviations of the map, and its limits in pixels. */
const RADIUS = { deviations: 3, least: 12, most: 60 };
/** Maximum descriptor distance of guided matches, relative to the upper quartile of the consensus. */
const DISTANCE_SLACK = 1.25;

/**
 * Finds goal points in a frame without a verified rigid motion, for example after a wide change of viewpoint: a rough
 * consensus on rotation, scale and shift of the image, a map fitted to it, and matches near the positions predicted by
 * the map.
 * @param tries matches of strict and of loose ratio tests; those with the clearest consensus are used
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
  if (consensus.rows.length < MIN_MATCHES || consensus.logFalseAlarms > LOG_TOLERATED_FALSE_ALARMS)
    return null;
  const fitted = fitMap(pairs, consensus.rows);
  if (fitted === null) return null;
  const radius = Math.min(RADIUS.most, Math.max(RADIUS.least, RADIUS.deviations * fitted.deviation));
  const distances = Float32Array.from(consensus.rows, (k) => given.distances[k]).sort();
  const mostDistance = DISTANCE_SLACK * distances[Math.floor(0.75 * (distances.length - 1))];
  const guide = { ...fitted, radius, turn: consensus.turn, growth: consensus.growth };
  const matches = guidedMatches(goal, current, { ...guide, mostDistance });
  return matches.count < MIN_MATCHES ? null : checked(goal, current, matches);
}

/** Keeps the guided matches that agree with one rigid motion if there is one, otherwise those near the fitted map. */
function checked(goal: Features, current: Features, matches: Matches): LikelyMatches | null {
  const pairs = candidatePairs(goal, current, matches);
  const { model, inliers, inlierCount, isMirrored } = verifyGeometry(pairs.goal, pairs.current, {
    distances: matches.distances,
  });
  if (isMirrored) return null;
  if (model !== 'none' && inlierCount >= MIN_MATCHES) return { matches, inliers, inlierCount };
  const fitted = fitMap(pairs, [...Array(pairs.count).keys()]);
  if (fitted === null) return null;
  const near = Uint8Array.from({ length: pairs.count }, (_, k) =>
    missOf(fitted.map, pairs, k) <= RADIUS.deviations * fitted.deviation ? 1 : 0,
  );
  const count = near.reduce((sum, one) => sum + one, 0);
  return count < MIN_MATCHES ? null : { matches, inliers: near, inlierCount: count };
}
