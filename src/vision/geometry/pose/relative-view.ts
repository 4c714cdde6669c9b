import { rotate, type Mat3 } from '../rotation.js';
import { add, type Vec3 } from '../vector.js';

/**
 * Where the current camera stands as seen from the goal camera: a point `p` of the goal frame is at
 * `rotation p + translation` in the current frame. The unit of the translation is free.
 */
export interface RelativeView {
  readonly rotation: Mat3;
  readonly translation: Vec3;
}

/** Corresponding points on the normalised planes of two views: `[n, 2]` each, row by row. */
export interface NormalisedPairs {
  readonly goal: Float32Array;
  readonly current: Float32Array;
}

/** Direction of row `i` of normalised points, z = 1. */
export const rayOf = (points: Float32Array, i: number): Vec3 => [points[2 * i], points[2 * i + 1], 1];

/** Position in the current frame of the goal ray at a depth. */
export const placeAt = ({ rotation, translation }: RelativeView, ray: Vec3, depth: number): Vec3 =>
  add(rotate(rotation, [ray[0] * depth, ray[1] * depth, ray[2] * depth]), translation);
