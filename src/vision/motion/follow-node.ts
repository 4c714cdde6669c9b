import type { Level } from './pyramid.js';

/** Half the side of a node's neighbourhood in pixels of a level; every second pixel is compared. */
const REACH = 8;
const STRIDE = 2;
/** Minimum share of a neighbourhood that must be known in both frames. */
const MIN_KNOWN = 0.4;
const ITERATIONS = 5;
/** Convergence limit in pixels of a level. */
const ENOUGH = 0.01;
/** Largest deviation from the expected motion, in pixels of a level. */
const MAX_DEVIATION = 8;
/** Largest mean grey difference of a found neighbourhood. */
const MAX_DIFFERENCE = 10;
/** Squared gradient per pixel along a direction at which the trust in the motion along it is one half. */
const TEXTURE = 6;
/**
 * A motion is accepted only when it reduces the squared difference at the expected position to less than this share:
 * noise alone gives any flat neighbourhood an apparent motion, and interpolation smooths it; chained over many frames
 * this would drift.
 */
const SIGNIFICANT = 0.6;
/**
 * Trust in the expected position when the neighbourhood fits there, so that flat neighbourhoods are not dragged along
 * by objects moving nearby.
 */
const EXPECTED = 0.15;
/** Damping of steps along directions with little gradient. */
const DAMPING = 0.05;

/** A point in pixels of a level. */
export type Point = readonly [number, number];

/** Two levels of the same size, and the expected motion between them. */
export interface LevelPair {
  readonly from: Level;
  readonly to: Level;
  expect(x: number, y: number, out: Float64Array): void;
  /**
   * Whether the expected motion is reliable: a static camera, or motion measured before. The global motion of a moving
   * camera is only a first guess, because parallax deviates from it by less than a single step shows; holding on to it
   * would accumulate errors.
   */
  readonly sure: boolean;
}

/**
 * Motion of a neighbourhood relative to the expected motion. The trust is a symmetric matrix with eigenvalues 0 to 1: a
 * straight edge determines the motion across itself and nothing along it (aperture problem).
 */
export interface Followed {
  readonly moved: Point;
  readonly trust: readonly [xx: number, xy: number, yy: number];
}

/** The compared pixels around a node; only the first `count` entries of the arrays are valid. */
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

/** Number of compared pixels of a neighbourhood that lies inside the frame. */
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

/** Interpolates the grey value between four known pixels; NaN elsewhere. */
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

/** Compares a neighbourhood with the second frame at the expected position plus an offset in pixels of the level. */
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

/** Lucas-Kanade step (1981) with mean brightness removed, and the structure tensor it is based on. */
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

/** Trust matrix with the structure tensor's eigenvectors and eigenvalues `value / (value + TEXTURE)`. */
function trustOf([xx, xy, yy]: readonly [number, number, number]): Followed['trust'] {
  // Computed as A (A + t)^-1, which has the same eigenvectors as A.
  const [ax, ay] = [xx + TEXTURE, yy + TEXTURE];
  const determinant = ax * ay - xy * xy;
  return [(xx * ay - xy * xy) / determinant, (xy * TEXTURE) / determinant, (yy * ax - xy * xy) / determinant];
}

const near = new Neighbourhood();

/**
 * Tracks one neighbourhood from its expected position.
 * @param start offset from the expected position, pixels of the level
 * @returns `null` when it was not found
 */
export function followNode(pair: LevelPair, centre: Point, start: Point): Followed | null {
  near.collect(pair, centre);
  let moved = start;
  let structure: readonly [number, number, number] = [0, 0, 0];
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const sums = compare(pair.to, near, moved);
    if (sums.count < MIN_KNOWN * ROOM) return null;
    const step = stepOf(sums);
    structure = step.structure;
    moved = [moved[0] + step.dx, moved[1] + step.dy];
    if (Math.hypot(...moved) > MAX_DEVIATION) return null;
    if (Math.hypot(step.dx, step.dy) < ENOUGH) break;
  }
  const last = compare(pair.to, near, moved);
  const { count, absolute, difference } = last;
  const found = count >= MIN_KNOWN * ROOM && absolute - Math.abs(difference) <= MAX_DIFFERENCE * count;
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
