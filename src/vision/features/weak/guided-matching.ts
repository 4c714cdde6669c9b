import { toMatches } from '../matcher.js';
import type { Descriptors, Features, Matches } from '../types.js';
import { mapped, type AffineMap } from './affine-map.js';
import { growthBetween, turnBetween, wrapped } from './candidate-pairs.js';

/** Where to look for the goal's points in a frame. */
export interface Guide {
  readonly map: AffineMap;
  /** Pixels around a point's expected place. */
  readonly radius: number;
  /** Turn of the image, radians, and growth, a factor. */
  readonly turn: number;
  readonly growth: number;
  /** Largest distance of descriptors. */
  readonly mostDistance: number;
}

/** A match must be this much nearer than the second best within the radius. */
const RATIO = 0.9;
const SAME_CORNER = 4;
const TURN_TOLERANCE = (45 * Math.PI) / 180;
const GROWTH_TOLERANCE = Math.log(2.5);

/**
 * Matches of goal points near the places where a rough map expects them: with few rivals a descriptor that changed by the
 * tilt of the view is still the nearest. Each current key point is used once.
 */
export function guidedMatches(goal: Features, current: Features, guide: Guide): Matches {
  const columns = new Columns(current);
  const taken = new Map<number, { readonly goal: number; readonly distance: number }>();
  for (let i = 0; i < goal.count; i++) {
    const found = nearestWithin(goal, columns, { i, ...guide });
    if (found === null) continue;
    const rival = taken.get(found.row);
    if (rival === undefined || found.distance < rival.distance)
      taken.set(found.row, { goal: i, distance: found.distance });
  }
  const pairs = [...taken].map(([current, pair]) => ({ current, ...pair }));
  return toMatches(pairs.sort((a, b) => a.goal - b.goal));
}

/** Key points from left to right, which finds those near a place sooner. */
class Columns {
  readonly features: Features;
  readonly #rows: Int32Array;

  constructor(features: Features) {
    this.features = features;
    const { points, count } = features;
    const rows = Int32Array.from({ length: count }, (_, row) => row);
    this.#rows = rows.sort((a, b) => points[2 * a] - points[2 * b]);
  }

  /** Rows of the key points between two columns, both included, in any order. */
  between(left: number, right: number): Int32Array {
    return this.#rows.subarray(
      this.#before((x) => x < left),
      this.#before((x) => x <= right),
    );
  }

  /** How many key points are `left`, which holds for the first ones only. */
  #before(left: (x: number) => boolean): number {
    let [from, to] = [0, this.#rows.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (left(this.features.points[2 * this.#rows[middle]])) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Of several that are equally near, the first row. */
function nearestWithin(
  goal: Features,
  columns: Columns,
  { i, map, radius, turn, growth, mostDistance }: Guide & { readonly i: number },
): { readonly row: number; readonly distance: number } | null {
  const current = columns.features;
  const [u, v] = mapped(map, goal.points[2 * i], goal.points[2 * i + 1]);
  let best = { row: -1, distance: Infinity };
  const near: { readonly row: number; readonly distance: number }[] = [];
  // A pixel more than the radius, against rounding.
  for (const j of columns.between(u - radius - 1, u + radius + 1)) {
    const [dx, dy] = [current.points[2 * j] - u, current.points[2 * j + 1] - v];
    if (dx * dx + dy * dy > radius * radius) continue;
    if (Math.abs(wrapped(turnBetween(goal.angles[i], current.angles[j]) - turn)) > TURN_TOLERANCE) continue;
    const grown = growthBetween(goal.sizes[i], current.sizes[j]) - Math.log(growth);
    // NaN, of a detector without orientations or sizes, is no objection.
    if (Math.abs(grown) > GROWTH_TOLERANCE) continue;
    const one = { row: j, distance: descriptorDistance(goal.descriptors, i, current.descriptors, j) };
    near.push(one);
    if (one.distance < best.distance || (one.distance === best.distance && j < best.row)) best = one;
  }
  if (best.row < 0 || best.distance > mostDistance) return null;
  const rival = near.some(
    ({ row, distance }) => distance * RATIO <= best.distance && elsewhere(current, row, best.row),
  );
  return rival ? null : best;
}

function elsewhere({ points }: Features, a: number, b: number): boolean {
  return Math.hypot(points[2 * a] - points[2 * b], points[2 * a + 1] - points[2 * b + 1]) > SAME_CORNER;
}

/** Distance of two descriptors of one kind, in the units of matches. */
function descriptorDistance(a: Descriptors, i: number, b: Descriptors, j: number): number {
  if (a.kind === 'binary' && b.kind === 'binary') {
    let bits = 0;
    for (let k = 0; k < a.bytes; k++) bits += BITS[a.data[i * a.bytes + k] ^ b.data[j * b.bytes + k]];
    return bits;
  }
  if (a.kind !== 'float' || b.kind !== 'float') return Infinity;
  let sum = 0;
  for (let k = 0; k < a.width; k++) sum += (a.data[i * a.width + k] - b.data[j * b.width + k]) ** 2;
  return Math.sqrt(sum);
}

const BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});
