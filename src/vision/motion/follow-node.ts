import type { Level } from './pyramid.js';

/** Half the side of the neighbourhood of a node that is compared, pixels of a level, every second one. */
const REACH = 8;
const STRIDE = 2;
/** Part of a neighbourhood that must be known in both frames. */
const LEAST_KNOWN = 0.4;
const ITERATIONS = 5;
/** Steps smaller than this many pixels of a level end the search. */
const ENOUGH = 0.01;
/** Pixels of a level that a neighbourhood may move against where it was expected. */
const FARTHEST = 8;
/** Mean difference of grey values above which a neighbourhood was not found. */
const MOST_DIFFERENCE = 10;
/** Squared gradient a pixel, along a direction, at which a neighbourhood's motion along it is half trusted. */
const TEXTURE = 6;
/**
 * A motion counts only where it leaves less than this part of the squared difference that the expected place has: noise
 * alone gives any even neighbourhood a motion, and reading between pixels smooths it; chained over many frames that would
 * drift.
 */
const SIGNIFICANT = 0.6;
/** Trust in the expected place where a neighbourhood fits there: even ones must not be drawn along by what moves nearby. */
const EXPECTED = 0.15;
/** Damping of steps along directions in which a neighbourhood is even. */
const DAMPING = 0.05;

/** A point in pixels of a level. */
export type Point = readonly [number, number];

/** Two levels of the same size, and where a pixel of the first is expected in the second. */
export interface LevelPair {
  readonly from: Level;
  readonly to: Level;
  expect(x: number, y: number, out: Float64Array): void;
  /**
   * Whether what is expected is known well: a camera that stands still, or motions that were measured before. The motion of
   * the whole image by a camera that moves is a first guess, since near and far things stray from it by less than shows
   * in one step; held to it, each step adds to the error.
   */
  readonly sure: boolean;
}

/**
 * What a neighbourhood moved besides what was expected. The trust is a symmetric matrix with eigenvalues 0 to 1: a straight
 * edge tells its motion across itself and nothing of that along it.
 */
export interface Followed {
  readonly moved: Point;
  readonly trust: readonly [xx: number, xy: number, yy: number];
}

/** The pixels that are compared around a node, the first `count` of the arrays. */
class Neighbourhood {
  count = 0;
  readonly grey = new Float64Array(ROOM);
  readonly gx = new Float64Array(ROOM);
  readonly gy = new Float64Array(ROOM);
  readonly u = new Float64Array(ROOM);
  readonly v = new Float64Array(ROOM);
  readonly #place = new Float64Array(2);

  collect({ from, expect }: LevelPair, centre: Point): void {
    const { width, height, grey } = from;
    const [left, top] = [Math.max(1, centre[0] - REACH), Math.max(1, centre[1] - REACH)];
    const [right, bottom] = [Math.min(width - 2, centre[0] + REACH), Math.min(height - 2, centre[1] + REACH)];
    this.count = 0;
    for (let y = top; y <= bottom; y += STRIDE) {
      for (let x = left; x <= right; x += STRIDE) {
        const pixel = y * width + x;
        if (from.hole[pixel] !== 0) continue;
        expect(x, y, this.#place);
        const at = this.count;
        this.u[at] = this.#place[0];
        this.v[at] = this.#place[1];
        this.grey[at] = grey[pixel];
        this.gx[at] = (grey[pixel + 1] - grey[pixel - 1]) / 2;
        this.gy[at] = (grey[pixel + width] - grey[pixel - width]) / 2;
        this.count += 1;
      }
    }
  }
}

/** Compared pixels of a neighbourhood that lies inside the frame. */
const ROOM = (Math.floor((2 * REACH) / STRIDE) + 1) ** 2;

/** Sums over a node's neighbourhood. */
interface Sums {
  count: number;
  gx: number;
  gy: number;
  gxx: number;
  gxy: number;
  gyy: number;
  difference: number;
  squares: number;
  gxDifference: number;
  gyDifference: number;
  absolute: number;
}

const NOTHING: Readonly<Sums> = {
  count: 0,
  gx: 0,
  gy: 0,
  gxx: 0,
  gxy: 0,
  gyy: 0,
  difference: 0,
  squares: 0,
  gxDifference: 0,
  gyDifference: 0,
  absolute: 0,
};

/** Reads the grey value between four known pixels; NaN elsewhere. */
function greyAt({ width, height, grey, hole }: Level, u: number, v: number): number {
  if (!(u >= 0 && v >= 0 && u < width - 1 && v < height - 1)) return NaN;
  const [x, y] = [Math.floor(u), Math.floor(v)];
  const at = y * width + x;
  if ((hole[at] | hole[at + 1] | hole[at + width] | hole[at + width + 1]) !== 0) return NaN;
  const [fx, fy] = [u - x, v - y];
  const upper = grey[at] * (1 - fx) + grey[at + 1] * fx;
  const lower = grey[at + width] * (1 - fx) + grey[at + width + 1] * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Compares a neighbourhood with where it is expected in the second frame, moved by so many pixels of the level. */
function compare(to: Level, near: Neighbourhood, [dx, dy]: Point): Sums {
  const sums = { ...NOTHING };
  for (let at = 0; at < near.count; at += 1) {
    const seen = greyAt(to, near.u[at] + dx, near.v[at] + dy);
    if (Number.isNaN(seen)) continue;
    const difference = seen - near.grey[at];
    const [gx, gy] = [near.gx[at], near.gy[at]];
    sums.count += 1;
    sums.gx += gx;
    sums.gy += gy;
    sums.gxx += gx * gx;
    sums.gxy += gx * gy;
    sums.gyy += gy * gy;
    sums.difference += difference;
    sums.squares += difference * difference;
    sums.gxDifference += gx * difference;
    sums.gyDifference += gy * difference;
    sums.absolute += Math.abs(difference);
  }
  return sums;
}

/** Step towards the better place (Lucas and Kanade 1981), light matched by the means, and the structure it rests on. */
function stepOf(sums: Sums) {
  const { count, gx, gy, difference } = sums;
  const xx = sums.gxx / count - (gx / count) ** 2;
  const xy = sums.gxy / count - (gx / count) * (gy / count);
  const yy = sums.gyy / count - (gy / count) ** 2;
  const bx = sums.gxDifference / count - (gx / count) * (difference / count);
  const by = sums.gyDifference / count - (gy / count) * (difference / count);
  const damping = DAMPING + 0.01 * (xx + yy);
  const [dampedX, dampedY] = [xx + damping, yy + damping];
  const determinant = dampedX * dampedY - xy * xy;
  return {
    dx: -(dampedY * bx - xy * by) / determinant,
    dy: -(dampedX * by - xy * bx) / determinant,
    structure: [xx, xy, yy] as const,
  };
}

/** The structure as a matrix whose eigenvalues are `value / (value + TEXTURE)`. */
function trustOf([xx, xy, yy]: readonly [number, number, number]): Followed['trust'] {
  // A (A + t)^-1 has the same eigenvectors as A.
  const [ax, ay] = [xx + TEXTURE, yy + TEXTURE];
  const determinant = ax * ay - xy * xy;
  return [(xx * ay - xy * xy) / determinant, (xy * TEXTURE) / determinant, (yy * ax - xy * xy) / determinant];
}

const near = new Neighbourhood();

/**
 * Follows one neighbourhood from where it is thought to have moved.
 * @param start what it moved besides what is expected, pixels of the level
 * @returns null where it was not found
 */
export function followNode(pair: LevelPair, centre: Point, start: Point): Followed | null {
  near.collect(pair, centre);
  let moved = start;
  let structure: readonly [number, number, number] = [0, 0, 0];
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const sums = compare(pair.to, near, moved);
    if (sums.count < LEAST_KNOWN * ROOM) return null;
    const step = stepOf(sums);
    structure = step.structure;
    moved = [moved[0] + step.dx, moved[1] + step.dy];
    if (Math.hypot(...moved) > FARTHEST) return null;
    if (Math.hypot(step.dx, step.dy) < ENOUGH) break;
  }
  const last = compare(pair.to, near, moved);
  const { count, absolute, difference } = last;
  const found = count >= LEAST_KNOWN * ROOM && absolute - Math.abs(difference) <= MOST_DIFFERENCE * count;
  if (!found) return null;
  if (!pair.sure) return { moved, trust: trustOf(structure) };
  const expected = compare(pair.to, near, [0, 0]);
  const better = expected.count < count || spreadOf(last) < SIGNIFICANT * spreadOf(expected);
  if (better) return { moved, trust: trustOf(structure) };
  const [xx, xy, yy] = trustOf(structure);
  return { moved: [0, 0], trust: [xx + EXPECTED, xy, yy + EXPECTED] };
}

const spreadOf = ({ count, squares, difference }: Sums): number =>
  squares / count - (difference / count) ** 2;
