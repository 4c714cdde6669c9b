import {
  fromColumns,
  fromRotationVector,
  IDENTITY,
  multiply,
  orthonormalise,
  rotate,
  rotateBack,
  toRotationVector,
  transpose,
  type Mat3,
} from './rotation.js';
import { add, cross, normalise, scale, subtract, type Vec3 } from './vector.js';
import { rotationPart, translationPart, type Velocity } from './velocity.js';

/**
 * Rigid motion `p -> R p + t` (SE(3)). A camera's pose is camera-to-world: `translation` is the camera's centre in
 * world metres, the columns of `rotation` are the camera's x (right), y (down) and z (forward) axes in the world.
 */
export interface Pose {
  readonly rotation: Mat3;
  readonly translation: Vec3;
}

/** The motion that moves nothing. */
export const IDENTITY_POSE: Pose = { rotation: IDENTITY, translation: [0, 0, 0] };

/** `a b`: first `b`, then `a`. */
export const compose = (a: Pose, b: Pose): Pose => ({
  rotation: multiply(a.rotation, b.rotation),
  translation: add(rotate(a.rotation, b.translation), a.translation),
});

/** The motion back. */
export const invert = (pose: Pose): Pose => ({
  rotation: transpose(pose.rotation),
  translation: scale(rotateBack(pose.rotation, pose.translation), -1),
});

/** Pose of `current` as seen from `reference`: `reference^-1 current` (camera frames, metres). */
export const relativePose = (reference: Pose, current: Pose): Pose => compose(invert(reference), current);

/** A point from the pose's own frame to the frame around it (camera to world). */
export const transformPoint = (pose: Pose, point: Vec3): Vec3 =>
  add(rotate(pose.rotation, point), pose.translation);

/** A point from the frame around to the pose's own frame (world to camera). */
export const inverseTransformPoint = (pose: Pose, point: Vec3): Vec3 =>
  rotateBack(pose.rotation, subtract(point, pose.translation));

/**
 * Camera-to-world pose at `eye` that looks at `target`. `down` (world) fixes the roll: the image's y axis is as close
 * to it as the view allows. It must not be parallel to the line of sight.
 */
export function lookAt(eye: Vec3, target: Vec3, down: Vec3): Pose {
  const forward = normalise(subtract(target, eye));
  const right = normalise(cross(down, forward));
  return { rotation: fromColumns(right, cross(forward, right), forward), translation: eye };
}

/**
 * One step of a camera that moves with a velocity given in its own current frame:
 * `T <- T [exp(w dt), v dt]` (m/s, rad/s, seconds).
 */
export function integrateVelocity(pose: Pose, velocity: Velocity, seconds: number): Pose {
  const step: Pose = {
    rotation: fromRotationVector(scale(rotationPart(velocity), seconds)),
    translation: scale(translationPart(velocity), seconds),
  };
  const moved = compose(pose, step);
  return { rotation: orthonormalise(moved.rotation), translation: moved.translation };
}

/** The velocity (frame of `from`) that brings `from` to `to` in `seconds` by one `integrateVelocity` step. */
export function velocityBetween(from: Pose, to: Pose, seconds: number): Velocity {
  const motion = relativePose(from, to);
  const turn = toRotationVector(motion.rotation);
  const [vx, vy, vz] = scale(motion.translation, 1 / seconds);
  const [wx, wy, wz] = scale(turn, 1 / seconds);
  return [vx, vy, vz, wx, wy, wz];
}
