import type { Vec3 } from '../../src/vision/geometry/vector.js';
import type { Shape } from './shapes.js';

// Local aliases: looking up the global `Math` in Jest's sandbox costs a hundred times the operation itself.
const { max } = Math;
/** Larger than any outline, metres. */
const FAR = 1e9;

type Point = readonly [number, number];

/**
 * Outline of an object's shadow on the ground z = 0: the hull of its footprint and of its top projected along the
 * light.
 */
export function shadowOutline(outline: readonly Vec3[], towardsLight: Vec3): Point[] {
  const points = outline.flatMap(([x, y, z]): Point[] => [
    [x, y],
    [x - (towardsLight[0] / towardsLight[2]) * z, y - (towardsLight[1] / towardsLight[2]) * z],
  ]);
  return convexHull(points);
}

/** The inside of a convex polygon given counter-clockwise, in the polygon's own units. */
export function convexShape(corners: readonly Point[]): Shape {
  const edges = corners.map(([x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % corners.length];
    const size = Math.hypot(nextX - x, nextY - y);
    return { x, y, outX: (nextY - y) / size, outY: (x - nextX) / size };
  });
  return (x, y) => {
    let distance = -FAR;
    for (const edge of edges) distance = max(distance, (x - edge.x) * edge.outX + (y - edge.y) * edge.outY);
    return distance;
  };
}

/** Andrew's monotone chain; counter-clockwise. */
function convexHull(points: readonly Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const lower = chain(sorted);
  const upper = chain(sorted.toReversed());
  return [...lower.slice(0, -1), ...upper.slice(0, -1)];
}

function chain(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    while (kept.length > 1 && turn(kept[kept.length - 2], kept[kept.length - 1], point) <= 1e-12) kept.pop();
    kept.push(point);
  }
  return kept;
}

const turn = (a: Point, b: Point, c: Point): number =>
  (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
