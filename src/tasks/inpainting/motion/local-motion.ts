import { makeField, type FrameSize, type MotionField } from './motion-field.js';
import type { Level } from './pyramid.js';
import { gridOf, inPixels, type Warp } from './warp.js';

/** Pixels of the finest level between nodes. */
const NODE_STEP = 8;
/** Half the side of the neighbourhood of a node that is compared, pixels of a level, every second one. */
const REACH = 8;
const STRIDE = 2;
/** Part of a neighbourhood that must be known in both frames. */
const LEAST_KNOWN = 0.4;
const ITERATIONS = 5;
/** Steps smaller than this many pixels of a level end the search. */
const ENOUGH = 0.01;
/** Pixels of a level that a neighbourhood may move against the whole picture from frame to frame. */
const FARTHEST = 8;
/** Mean difference of grey values above which a neighbourhood was not found. */
const MOST_DIFFERENCE = 10;
/** Squared gradient a pixel, in its weakest direction, at which a neighbourhood's motion is half trusted. */
const TEXTURE = 6;
/** Weight of a difference between neighbouring nodes beside that to a fully trusted one. */
const SMOOTHNESS = 0.3;
const SWEEPS = 60;
const OVERRELAXATION = 1.6;
/** Pixels off the smooth motion at which a node counts half: it lies on something that moves by itself. */
const STRAY = 1;
const REWEIGHTINGS = 3;

/** What nodes move besides the whole picture, in pixels of the frame. */
interface Residuals {
  readonly dx: Float32Array;
  readonly dy: Float32Array;
  /** 0 to 1. */
  readonly trust: Float32Array;
}

/** Sums over a node's neighbourhood. */
interface Sums {
  count: number;
  gx: number;
  gy: number;
  gxx: number;
  gxy: number;
  gyy: number;
  difference: number;
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
  gxDifference: 0,
  gyDifference: 0,
  absolute: 0,
};

/** Two levels of the same size, and the whole picture's motion in their pixels. */
interface Pair {
  readonly from: Level;
  readonly to: Level;
  readonly map: Warp;
}

/** Reads the grey value between four known pixels; NaN elsewhere. */
function greyAt({ width, height, grey, known }: Level, u: number, v: number): number {
  if (!(u >= 0 && v >= 0 && u < width - 1 && v < height - 1)) return NaN;
  const [x, y] = [Math.floor(u), Math.floor(v)];
  const at = y * width + x;
  if ((known[at] & known[at + 1] & known[at + width] & known[at + width + 1]) === 0) return NaN;
  const [fx, fy] = [u - x, v - y];
  const upper = grey[at] * (1 - fx) + grey[at + 1] * fx;
  const lower = grey[at + width] * (1 - fx) + grey[at + width + 1] * fx;
  return upper * (1 - fy) + lower * fy;
}

/** A point in pixels of a level. */
type Point = readonly [number, number];

/** Compares a neighbourhood with where it should be in the second frame, moved by (dx, dy) pixels of the level. */
function compare({ from, to, map }: Pair, centre: Point, moved: Point): Sums {
  const sums = { ...NOTHING };
  const [a, b, c, d, e, f, g, h] = map;
  const { width, height, grey } = from;
  const [left, top] = [Math.max(1, centre[0] - REACH), Math.max(1, centre[1] - REACH)];
  const [right, bottom] = [Math.min(width - 2, centre[0] + REACH), Math.min(height - 2, centre[1] + REACH)];
  for (let y = top; y <= bottom; y += STRIDE) {
    for (let x = left; x <= right; x += STRIDE) {
      const pixel = y * width + x;
      if (from.known[pixel] === 0) continue;
      const w = g * x + h * y + 1;
      const seen = greyAt(to, (a * x + b * y + c) / w + moved[0], (d * x + e * y + f) / w + moved[1]);
      if (Number.isNaN(seen)) continue;
      const difference = seen - grey[pixel];
      const gx = (grey[pixel + 1] - grey[pixel - 1]) / 2;
      const gy = (grey[pixel + width] - grey[pixel - width]) / 2;
      sums.count += 1;
      sums.gx += gx;
      sums.gy += gy;
      sums.gxx += gx * gx;
      sums.gxy += gx * gy;
      sums.gyy += gy * gy;
      sums.difference += difference;
      sums.gxDifference += gx * difference;
      sums.gyDifference += gy * difference;
      sums.absolute += Math.abs(difference);
    }
  }
  return sums;
}

/** Step towards the better place (Lucas and Kanade 1981), light matched by the means; null where texture says nothing. */
function stepOf(sums: Sums): { dx: number; dy: number; texture: number } | null {
  const { count, gx, gy, difference } = sums;
  const xx = sums.gxx / count - (gx / count) ** 2;
  const xy = sums.gxy / count - (gx / count) * (gy / count);
  const yy = sums.gyy / count - (gy / count) ** 2;
  const bx = sums.gxDifference / count - (gx / count) * (difference / count);
  const by = sums.gyDifference / count - (gy / count) * (difference / count);
  const determinant = xx * yy - xy * xy;
  const texture = (xx + yy) / 2 - Math.sqrt(((xx - yy) / 2) ** 2 + xy * xy);
  if (!(texture > 0.05) || !(determinant > 0)) return null;
  return { dx: -(yy * bx - xy * by) / determinant, dy: -(xx * by - xy * bx) / determinant, texture };
}

/** Compared pixels of a neighbourhood that lies inside the frame. */
const ROOM = (Math.floor((2 * REACH) / STRIDE) + 1) ** 2;

/**
 * Follows one neighbourhood from where it is thought to have moved.
 * @returns where it moved, pixels of the level, and how far that is to be trusted; null where it was not found
 */
function followNode(pair: Pair, centre: Point, start: Point): { moved: Point; trust: number } | null {
  let moved = start;
  let texture = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const sums = compare(pair, centre, moved);
    if (sums.count < LEAST_KNOWN * ROOM) return null;
    const step = stepOf(sums);
    if (step === null) return null;
    texture = step.texture;
    moved = [moved[0] + step.dx, moved[1] + step.dy];
    if (Math.hypot(...moved) > FARTHEST) return null;
    if (Math.hypot(step.dx, step.dy) < ENOUGH) break;
  }
  const { count, absolute, difference } = compare(pair, centre, moved);
  const found = count >= LEAST_KNOWN * ROOM && absolute - Math.abs(difference) <= MOST_DIFFERENCE * count;
  return found ? { moved, trust: texture / (texture + TEXTURE) } : null;
}

/**
 * The smooth motion nearest to what trusted nodes say, by successive over-relaxation; nodes that say nothing, such as those
 * in a hole, take the motion from around them. Nodes that stray from it count less.
 */
function complete(
  columns: number,
  rows: number,
  { dx, dy, trust }: Residuals,
): { dx: Float32Array; dy: Float32Array } {
  const weight = Float32Array.from(trust);
  const smooth = { dx: new Float32Array(dx.length), dy: new Float32Array(dy.length) };
  for (let round = 0; round < REWEIGHTINGS; round += 1) {
    for (const axis of ['dx', 'dy'] as const)
      relax(columns, rows, { wanted: axis === 'dx' ? dx : dy, weight, out: smooth[axis] });
    for (let node = 0; node < weight.length; node += 1) {
      const off = Math.hypot(dx[node] - smooth.dx[node], dy[node] - smooth.dy[node]) / STRAY;
      weight[node] = trust[node] / (1 + off * off);
    }
  }
  return smooth;
}

function relax(
  columns: number,
  rows: number,
  { wanted, weight, out }: { wanted: Float32Array; weight: Float32Array; out: Float32Array },
): void {
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (let j = 0; j < rows; j += 1) {
      for (let i = 0; i < columns; i += 1) {
        const node = j * columns + i;
        let [sum, total] = [weight[node] * wanted[node], weight[node]];
        if (i > 0) [sum, total] = [sum + SMOOTHNESS * out[node - 1], total + SMOOTHNESS];
        if (i < columns - 1) [sum, total] = [sum + SMOOTHNESS * out[node + 1], total + SMOOTHNESS];
        if (j > 0) [sum, total] = [sum + SMOOTHNESS * out[node - columns], total + SMOOTHNESS];
        if (j < rows - 1) [sum, total] = [sum + SMOOTHNESS * out[node + columns], total + SMOOTHNESS];
        out[node] += OVERRELAXATION * (sum / total - out[node]);
      }
    }
  }
}

/** Pixels between the nodes of a frame's fields. */
export function nodeStep({ width }: FrameSize, [finest]: readonly Level[]): number {
  return Math.max(1, Math.round((NODE_STEP * width) / finest.width));
}

/**
 * Where each part of a frame lies in the next one: the motion of the whole picture, and what neighbourhoods move besides,
 * since near things pass far ones when a camera moves. In holes it is continued from around them.
 * @param warp the whole picture's motion, of `align`
 */
export function localMotion(
  from: readonly Level[],
  to: readonly Level[],
  { warp, size }: { readonly warp: Warp; readonly size: FrameSize },
): MotionField {
  const step = nodeStep(size, from);
  const { columns, rows } = makeField(size, step, (x, y) => [x, y]);
  const count = columns * rows;
  const residuals = {
    dx: new Float32Array(count),
    dy: new Float32Array(count),
    trust: new Float32Array(count),
  };
  for (const index of [Math.min(1, from.length - 1, to.length - 1), 0]) {
    const pair = { from: from[index], to: to[index], map: inPixels(warp, gridOf(from[index])) };
    const scale = pair.from.width / size.width;
    for (let node = 0; node < count; node += 1) {
      const column = node % columns;
      const inLevel = (at: number): number => Math.round((at + 0.5) * scale - 0.5);
      const centre: Point = [inLevel(column * step), inLevel(((node - column) / columns) * step)];
      const found = followNode(pair, centre, [residuals.dx[node] * scale, residuals.dy[node] * scale]);
      residuals.trust[node] = found?.trust ?? 0;
      if (found === null) continue;
      residuals.dx[node] = found.moved[0] / scale;
      residuals.dy[node] = found.moved[1] / scale;
    }
  }
  const { dx, dy } = complete(columns, rows, residuals);
  const [a, b, c, d, e, f, g, h] = inPixels(warp, gridOf(size));
  return makeField(size, step, (x, y, node) => {
    const w = g * x + h * y + 1;
    return [(a * x + b * y + c) / w + dx[node], (d * x + e * y + f) / w + dy[node]];
  });
}
