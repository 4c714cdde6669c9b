import type { SeededRandom } from './seeded-random.js';

// Local aliases: looking up the global `Math` in Jest's sandbox costs a hundred times the operation itself.
const { abs, atan2, cos, floor, hypot, max, min, round, PI, SQRT1_2 } = Math;
/** Larger than any shape. */
const FAR = 1e9;

/**
 * Signed distance of a flat shape: negative inside, in units of the shape's size. Shapes fit into the unit circle
 * unless stated otherwise.
 */
export type Shape = (x: number, y: number) => number;

/** Circle of radius 1. */
export const disc: Shape = (x, y) => hypot(x, y) - 1;

/** Ring with outer radius 1. */
export const ring =
  (thickness: number): Shape =>
  (x, y) =>
    abs(hypot(x, y) - 1 + thickness / 2) - thickness / 2;

/** Rectangle with half width `halfWidth` and half height `halfHeight`; exact inside and outside. */
export const rectangle =
  (halfWidth: number, halfHeight: number): Shape =>
  (x, y) => {
    const dx = abs(x) - halfWidth;
    const dy = abs(y) - halfHeight;
    return hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0);
  };

/** Regular polygon with `corners` corners on the unit circle. */
export function polygon(corners: number): Shape {
  const sector = (2 * PI) / corners;
  const apothem = cos(sector / 2);
  return (x, y) => {
    const angle = atan2(y, x);
    const folded = angle - sector * floor(angle / sector + 0.5);
    return hypot(x, y) * cos(folded) - apothem;
  };
}

/** Star with `points` points; its edges are slightly soft, because the distance is only a bound. */
export function star(points: number): Shape {
  const sector = (2 * PI) / points;
  return (x, y) => {
    const angle = atan2(y, x);
    const folded = abs(angle - sector * floor(angle / sector + 0.5)) / (sector / 2);
    return (hypot(x, y) - 1 + 0.58 * folded) * 0.75;
  };
}

/** Two crossed bars. */
export const cross =
  (thickness: number): Shape =>
  (x, y) =>
    min(bar(x, y, thickness), bar(y, x, thickness));

const bar = (x: number, y: number, thickness: number): number => max(abs(x) - 1, abs(y) - thickness);

/** Checkerboard of `cells` by `cells` fields; every second field belongs to the shape. */
export function checkerboard(cells: number): Shape {
  const half = SQRT1_2;
  const pitch = (2 * half) / cells;
  return (x, y) => {
    const column = (x + half) / pitch;
    const row = (y + half) / pitch;
    const edge = min(abs(column - round(column)), abs(row - round(row)));
    const odd = (floor(column) + floor(row)) % 2 !== 0;
    const field = edge * pitch * (odd ? 1 : -1);
    return max(field, abs(x) - half, abs(y) - half);
  };
}

/** Parallel bars that fill a square. */
export function stripes(count: number): Shape {
  const half = SQRT1_2;
  const pitch = (2 * half) / count;
  return (x, y) => {
    const phase = (x + half) / pitch;
    const inBar = (0.25 - abs(phase - floor(phase) - 0.5)) * -pitch;
    return max(inBar, abs(x) - half, abs(y) - half);
  };
}

/**
 * A letter-like sign: strokes between the points of a 3x4 grid, drawn with a round pen. It fills the box |x| <= 0.6,
 * |y| <= 1.
 */
export function glyph(random: SeededRandom): Shape {
  const point = (): readonly [number, number] => [random.index(3) * 0.5 - 0.5, random.index(4) * 0.6 - 0.9];
  const strokes: (readonly [number, number, number, number])[] = [];
  let from = point();
  const count = 3 + random.index(3);
  for (let i = 0; i < count; i++) {
    const to = point();
    strokes.push([from[0], from[1], to[0], to[1]]);
    from = random.next() < 0.75 ? to : point();
  }
  const pen = random.range(0.1, 0.17);
  return (x, y) => {
    let nearest = FAR;
    for (const [x0, y0, x1, y1] of strokes)
      nearest = min(nearest, distanceToSegment(x - x0, y - y0, x1 - x0, y1 - y0));
    return nearest - pen;
  };
}

function distanceToSegment(px: number, py: number, dx: number, dy: number): number {
  const square = dx * dx + dy * dy;
  const share = square > 0 ? min(1, max(0, (px * dx + py * dy) / square)) : 0;
  return hypot(px - share * dx, py - share * dy);
}
