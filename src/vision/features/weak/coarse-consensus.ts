import { wrapped, type CandidatePairs } from './candidate-pairs.js';

/** Matches that agree on a rough similarity of the two images. */
export interface CoarseConsensus {
  /** Rows of the candidate pairs. */
  readonly rows: readonly number[];
  /** Rotation (radians) and scale factor from goal to frame. */
  readonly turn: number;
  readonly growth: number;
  /** Logarithm of the expected number of consensus sets of this size among unrelated matches. */
  readonly logFalseAlarms: number;
}

/**
 * Maximum deviation of an agreeing match, in diagonals of the goal's points; parallax and tilt move points by as much.
 */
const REACH = 0.1;
const TURN_TOLERANCE = (35 * Math.PI) / 180;
const GROWTH_TOLERANCE = Math.log(2.2);
/**
 * Probability that an unrelated key point has a scale within the tolerance: detector scales span about three octaves.
 */
const GROWTH_CHANCE = 0.5;
/** Maximum hypotheses from pairs of matches, for detectors without scale or orientation. */
const MAX_PAIRS = 4000;

/** A similarity from goal (gx, gy) to frame (u, v): `u = a gx - b gy + x`, `v = b gx + a gy + y`. */
interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Finds the largest set of matches that roughly agree with one similarity, as in Lowe's pose clustering (2004, section
 * 7.3): each match proposes the rotation, scale and shift of its own key point, and the others vote.
 */
export function coarseConsensus(pairs: CandidatePairs): CoarseConsensus | null {
  const oriented = pairs.count > 0 && !Number.isNaN(pairs.turn[0]) && !Number.isNaN(pairs.growth[0]);
  let best: { readonly rows: readonly number[]; readonly score: number; readonly of: Similarity } | null =
    null;
  for (const similarity of oriented ? fromKeypoints(pairs) : fromTwoMatches(pairs)) {
    const { rows, score } = votersOf(pairs, similarity);
    if (score > (best?.score ?? 0)) best = { rows, score, of: similarity };
  }
  if (best === null) return null;
  const growth = Math.hypot(best.of.a, best.of.b);
  const chance = chanceOf(pairs, growth);
  return {
    rows: best.rows,
    turn: Math.atan2(best.of.b, best.of.a),
    growth,
    logFalseAlarms: logFalseAlarms({
      pairs: pairs.count,
      agreeing: best.rows.length,
      chance,
      sample: oriented ? 1 : 2,
    }),
  };
}

function* fromKeypoints({ count, goal, current, turn, growth }: CandidatePairs): Generator<Similarity> {
  for (let k = 0; k < count; k++) {
    if (Number.isNaN(turn[k]) || Number.isNaN(growth[k])) continue;
    const factor = Math.exp(growth[k]);
    const [a, b] = [factor * Math.cos(turn[k]), factor * Math.sin(turn[k])];
    yield through({ a, b }, goal.subarray(2 * k), current.subarray(2 * k));
  }
}

function* fromTwoMatches({ count, goal, current }: CandidatePairs): Generator<Similarity> {
  const stride = Math.max(1, Math.ceil((count * (count - 1)) / 2 / MAX_PAIRS));
  for (let at = 0, k = 1; k < count; k++) {
    for (let j = 0; j < k; j++, at++) {
      if (at % stride !== 0) continue;
      const [dx, dy] = [goal[2 * k] - goal[2 * j], goal[2 * k + 1] - goal[2 * j + 1]];
      const [du, dv] = [current[2 * k] - current[2 * j], current[2 * k + 1] - current[2 * j + 1]];
      const square = dx * dx + dy * dy;
      if (square < 400) continue;
      const [a, b] = [(dx * du + dy * dv) / square, (dx * dv - dy * du) / square];
      yield through({ a, b }, goal.subarray(2 * k), current.subarray(2 * k));
    }
  }
}

const through = (
  { a, b }: Pick<Similarity, 'a' | 'b'>,
  [gx, gy]: Float32Array,
  [u, v]: Float32Array,
): Similarity => ({ a, b, x: u - (a * gx - b * gy), y: v - (b * gx + a * gy) });

/**
 * Matches whose deviation, rotation and scale agree with the similarity; the weight of a vote decreases with the
 * deviation.
 */
function votersOf(
  pairs: CandidatePairs,
  { a, b, x, y }: Similarity,
): { rows: readonly number[]; score: number } {
  const { count, goal, current, turn, growth, goalDiagonal } = pairs;
  const factor = Math.hypot(a, b);
  const reach = REACH * goalDiagonal * factor;
  const [angle, log] = [Math.atan2(b, a), Math.log(factor)];
  const rows: number[] = [];
  let score = 0;
  for (let k = 0; k < count; k++) {
    const missX = a * goal[2 * k] - b * goal[2 * k + 1] + x - current[2 * k];
    const missY = b * goal[2 * k] + a * goal[2 * k + 1] + y - current[2 * k + 1];
    const miss = Math.hypot(missX, missY) / reach;
    // Comparisons with NaN (no orientation or scale) are false, so such matches are kept.
    if (!(miss < 1) || Math.abs(wrapped(turn[k] - angle)) > TURN_TOLERANCE) continue;
    if (Math.abs(growth[k] - log) > GROWTH_TOLERANCE) continue;
    rows.push(k);
    score += 1 - miss * miss;
  }
  return { rows, score };
}

/** Probability that an unrelated match votes for a similarity. */
function chanceOf({ goalDiagonal, currentArea, turn, growth }: CandidatePairs, factor: number): number {
  const reach = REACH * goalDiagonal * factor;
  const near = Math.min(1, (Math.PI * reach * reach) / currentArea);
  const turned = Number.isNaN(turn[0]) ? 1 : TURN_TOLERANCE / Math.PI;
  const grown = Number.isNaN(growth[0]) ? 1 : GROWTH_CHANCE;
  return near * turned * grown;
}

/**
 * As for two-view models: combinations of the sample and of the other agreeing matches, times the probability that
 * these agree by chance.
 */
function logFalseAlarms(given: {
  readonly pairs: number;
  readonly agreeing: number;
  readonly chance: number;
  readonly sample: number;
}): number {
  const { pairs, agreeing, chance, sample } = given;
  if (agreeing <= sample) return Infinity;
  let sum = Math.log(pairs);
  for (let k = 1; k <= agreeing - sample; k++)
    sum += Math.log((pairs - sample - k + 1) / k) + Math.log(chance);
  return sum;
}
