import { angleBetween, length, toDegrees, type Vec3 } from './vector.js';

/**
 * Camera velocity `[vx, vy, vz, wx, wy, wz]`: m/s and rad/s, in the camera's current frame (x right, y down, z
 * forward). It is the motion of the camera, not the apparent motion of the scene.
 */
export type Velocity = readonly [number, number, number, number, number, number];

/** Velocity of a camera at rest. */
export const ZERO_VELOCITY: Velocity = [0, 0, 0, 0, 0, 0];

/** Linear part, m/s. */
export const translationPart = (velocity: Velocity): Vec3 => [velocity[0], velocity[1], velocity[2]];

/** Angular part, rad/s. */
export const rotationPart = (velocity: Velocity): Vec3 => [velocity[3], velocity[4], velocity[5]];

/** The velocity with its translation in goal distances per second, so that both halves have comparable weight. */
export function inGoalDistances(velocity: Velocity, goalDistance: number): Velocity {
  const [vx, vy, vz, wx, wy, wz] = velocity;
  return [vx / goalDistance, vy / goalDistance, vz / goalDistance, wx, wy, wz];
}

/**
 * Difference between a predicted velocity and the reference law's. Angles are `null` where one of the two vectors is
 * zero.
 */
export interface VelocityComparison {
  /** Angle between the two six-vectors, translation in goal distances; degrees, 0 to 180. */
  readonly angle6Deg: number | null;
  /** Angle between the translations alone; degrees. */
  readonly angleTranslationDeg: number | null;
  /** Angle between the rotations alone; degrees. */
  readonly angleRotationDeg: number | null;
  /** Length of the predicted six-vector over the reference law's; `null` when the reference velocity is zero. */
  readonly lengthRatio: number | null;
}

/**
 * Compares a predicted velocity with the reference law's for the same frame.
 *
 * @param goalDistance metres from the goal camera to the scene centre (> 0); it makes metres comparable with radians
 */
export function compareVelocity(
  predicted: Velocity,
  reference: Velocity,
  goalDistance: number,
): VelocityComparison {
  const predicted6 = inGoalDistances(predicted, goalDistance);
  const reference6 = inGoalDistances(reference, goalDistance);
  const referenceLength = length(reference6);
  return {
    angle6Deg: degreesBetween(predicted6, reference6),
    angleTranslationDeg: degreesBetween(translationPart(predicted), translationPart(reference)),
    angleRotationDeg: degreesBetween(rotationPart(predicted), rotationPart(reference)),
    lengthRatio: referenceLength === 0 ? null : length(predicted6) / referenceLength,
  };
}

function degreesBetween(a: readonly number[], b: readonly number[]): number | null {
  const angle = angleBetween(a, b);
  return angle === null ? null : toDegrees(angle);
}
