import type { Matrix3 } from './matrix3.js';

/** Corresponding points in well-conditioned coordinates: both images centred, both scaled by the same factor. */
export interface PointPairs {
  readonly count: number;
  /** `[count, 4]`: goal x, y, current u, v. */
  readonly data: Float64Array;
  /** Conditioned units per pixel, the same in both images, so that one pixel threshold applies to both. */
  readonly scale: number;
  readonly goalCentre: readonly [number, number];
  readonly currentCentre: readonly [number, number];
}

/**
 * Centres both point sets and scales them to a mean distance of about sqrt(2) from their centres (Hartley 1997).
 * @param goal `[n, 2]` pixels
 * @param current `[n, 2]` pixels
 */
export function conditionPairs(goal: ArrayLike<number>, current: ArrayLike<number>): PointPairs {
  const count = goal.length / 2;
  const goalCentre = centreOf(goal);
  const currentCentre = centreOf(current);
  const spread = (meanDistance(goal, goalCentre) + meanDistance(current, currentCentre)) / 2;
  const scale = spread > 0 ? Math.SQRT2 / spread : 1;
  const data = new Float64Array(4 * count);
  for (let i = 0; i < count; i++) {
    data[4 * i] = (goal[2 * i] - goalCentre[0]) * scale;
    data[4 * i + 1] = (goal[2 * i + 1] - goalCentre[1]) * scale;
    data[4 * i + 2] = (current[2 * i] - currentCentre[0]) * scale;
    data[4 * i + 3] = (current[2 * i + 1] - currentCentre[1]) * scale;
  }
  return { count, data, scale, goalCentre, currentCentre };
}

/** Matrix that maps pixels to conditioned coordinates around `centre`. */
export function conditioning(scale: number, [x, y]: readonly [number, number]): Matrix3 {
  return Float64Array.of(scale, 0, -scale * x, 0, scale, -scale * y, 0, 0, 1);
}

/** Matrix that maps conditioned coordinates back to pixels. */
export function unconditioning(scale: number, [x, y]: readonly [number, number]): Matrix3 {
  return Float64Array.of(1 / scale, 0, x, 0, 1 / scale, y, 0, 0, 1);
}

function centreOf(points: ArrayLike<number>): readonly [number, number] {
  const n = Math.max(1, points.length / 2);
  let x = 0;
  let y = 0;
  for (let i = 0; i < points.length; i += 2) {
    x += points[i];
    y += points[i + 1];
  }
  return [x / n, y / n];
}

function meanDistance(points: ArrayLike<number>, [x, y]: readonly [number, number]): number {
  let sum = 0;
  for (let i = 0; i < points.length; i += 2) sum += Math.hypot(points[i] - x, points[i + 1] - y);
  return sum / Math.max(1, points.length / 2);
}
