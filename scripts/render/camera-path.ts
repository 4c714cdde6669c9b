import { compose, inverseTransformPoint, relativePose, type Pose } from '../../src/vision/geometry/pose.js';
import {
  fromColumns,
  fromRotationVector,
  multiply,
  rotate,
  rotateBack,
  toRotationVector,
} from '../../src/vision/geometry/rotation.js';
import {
  cross,
  interpolate,
  scale,
  subtract,
  toRadians,
  add,
  type Vec3,
} from '../../src/vision/geometry/vector.js';
import type { Velocity } from '../../src/vision/geometry/velocity.js';

/** Camera-to-world pose as a smooth function of time in seconds. */
export type CameraPath = (seconds: number) => Pose;

/** A viewpoint on a sphere around a target, with additional camera rotations. Angles in degrees. */
export interface Viewpoint {
  readonly target: Vec3;
  /** Metres from the target. */
  readonly distance: number;
  readonly azimuth: number;
  /** 90 looks straight down. */
  readonly elevation: number;
  /** Rotations about the camera's own z (optical axis), then y, then x. */
  readonly turns: readonly [number, number, number];
}

/** The pose of a viewpoint: it looks at the target before the additional rotations. */
export function viewpointPose({ target, distance, azimuth, elevation, turns }: Viewpoint): Pose {
  const around = toRadians(azimuth);
  const up = toRadians(elevation);
  const outward: Vec3 = [Math.cos(up) * Math.cos(around), Math.cos(up) * Math.sin(around), Math.sin(up)];
  const down: Vec3 = [Math.sin(up) * Math.cos(around), Math.sin(up) * Math.sin(around), -Math.cos(up)];
  const forward = scale(outward, -1);
  const [aboutZ, aboutY, aboutX] = turns.map(toRadians);
  const extra = [
    fromRotationVector([0, 0, aboutZ]),
    fromRotationVector([0, aboutY, 0]),
    fromRotationVector([aboutX, 0, 0]),
  ];
  const rotation = extra.reduce(multiply, fromColumns(cross(down, forward), down, forward));
  return { rotation, translation: add(target, scale(outward, distance)) };
}

/**
 * Interpolates two poses at a share of 0 to 1: the rotation follows its geodesic and `centre` moves straight through
 * the camera frame, so it stays in view when both ends see it.
 */
export function centreKeepingPose([from, to]: readonly [Pose, Pose], centre: Vec3, share: number): Pose {
  const turn = toRotationVector(relativePose(to, from).rotation);
  const rotation = multiply(to.rotation, fromRotationVector(scale(turn, 1 - share)));
  const seen = interpolate(inverseTransformPoint(from, centre), inverseTransformPoint(to, centre), share);
  return { rotation, translation: subtract(centre, rotate(rotation, seen)) };
}

/** Minimum-jerk interpolation from 0 to 1: zero velocity and acceleration at both ends. Constant outside 0 to 1. */
export function minimumJerk(share: number): number {
  const t = Math.min(1, Math.max(0, share));
  return t * t * t * (10 - 15 * t + 6 * t * t);
}

/** Rises from 0 to 1, holds, and falls back to 0, at the given shares of the whole time. */
export function plateau(
  share: number,
  [rise, top, fall, end]: readonly [number, number, number, number],
): number {
  return minimumJerk((share - rise) / (top - rise)) - minimumJerk((share - fall) / (end - fall));
}

/** Hand shake: slow oscillations in the camera's own frame, with amplitudes `metres` and `degrees`. */
export function handMotion(seconds: number, { metres, degrees }: { metres: number; degrees: number }): Pose {
  const swing = (frequency: number, phase: number): number =>
    0.7 * Math.sin(2 * Math.PI * frequency * seconds + phase) +
    0.3 * Math.sin(4.7 * Math.PI * frequency * seconds + 2 * phase);
  const angle = toRadians(degrees);
  return {
    rotation: fromRotationVector([
      angle * swing(0.43, 0.4),
      angle * swing(0.37, 2.1),
      angle * swing(0.31, 4),
    ]),
    translation: [metres * swing(0.29, 1.3), metres * swing(0.41, 3.2), metres * swing(0.35, 5.1)],
  };
}

/** Adds a motion in the camera's own frame to a path. */
export const perturbed =
  (path: CameraPath, motion: CameraPath): CameraPath =>
  (seconds) =>
    compose(path(seconds), motion(seconds));

/** True velocity of the camera on a path, in its own frame: central difference over 0.2 ms, m/s and rad/s. */
export function pathVelocity(path: CameraPath, seconds: number): Velocity {
  const half = 1e-4;
  const before = path(seconds - half);
  const after = path(seconds + half);
  const moved = rotateBack(path(seconds).rotation, subtract(after.translation, before.translation));
  const turned = toRotationVector(relativePose(before, after).rotation);
  const [vx, vy, vz] = scale(moved, 1 / (2 * half));
  const [wx, wy, wz] = scale(turned, 1 / (2 * half));
  return [vx, vy, vz, wx, wy, wz];
}
