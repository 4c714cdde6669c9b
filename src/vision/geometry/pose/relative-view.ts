import { rotate, type Mat3 } from '../rotation.js';
import { add, type Vec3 } from '../vector.js';

/**
 * Pose of the current camera relative to the goal camera: a point `p` of the goal frame is at `rotation p +
 * translation` in the current frame. The scale of the translation is arbitrary.
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

/** Ray of row `i` of normalised points, with z = 1. */
export const rayOf = (points: Float32Array, i: number): Vec3 => [points[2 * i], points[2 * i + 1], 1];

/** Position, in the current frame, of the point at `depth` on a goal ray. */
export const placeAt = ({ rotation, translation }: RelativeView, ray: Vec3, depth: number): Vec3 =>
  add(rotate(rotation, [ray[0] * depth, ray[1] * depth, ray[2] * depth]), translation);
