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
 * Rigid motion `p -> R p + t` (SE(3)). A camera pose is camera-to-world: `translation` is the camera centre in world
 * metres, the columns of `rotation` are the camera's x (right), y (down) and z (forward) axes in the world.
 */
export interface Pose {
  readonly rotation: Mat3;
  readonly translation: Vec3;
}

/** The identity motion. */
export const IDENTITY_POSE: Pose = { rotation: IDENTITY, translation: [0, 0, 0] };

/** Composition `a b`: applies `b` first, then `a`. */
export const compose = (a: Pose, b: Pose): Pose => ({
  rotation: multiply(a.rotation, b.rotation),
  translation: add(rotate(a.rotation, b.translation), a.translation),
});

/** Inverse of a rigid motion. */
export const invert = (pose: Pose): Pose => ({
  rotation: transpose(pose.rotation),
  translation: scale(rotateBack(pose.rotation, pose.translation), -1),
});

/** Pose of `current` as seen from `reference`: `reference^-1 current` (camera frames, metres). */
export const relativePose = (reference: Pose, current: Pose): Pose => compose(invert(reference), current);

/** Transforms a point from the pose's frame to its parent frame (camera to world). */
export const transformPoint = (pose: Pose, point: Vec3): Vec3 =>
  add(rotate(pose.rotation, point), pose.translation);

/** Transforms a point from the parent frame to the pose's frame (world to camera). */
export const inverseTransformPoint = (pose: Pose, point: Vec3): Vec3 =>
  rotateBack(pose.rotation, subtract(point, pose.translation));

/**
 * Camera-to-world pose at `eye` that looks at `target`. `down` (world) fixes the roll: the image y axis is as close to
 * it as the viewing direction allows. It must not be parallel to the viewing direction.
 */
export function lookAt(eye: Vec3, target: Vec3, down: Vec3): Pose {
  const forward = normalise(subtract(target, eye));
  const right = normalise(cross(down, forward));
  return { rotation: fromColumns(right, cross(forward, right), forward), translation: eye };
}

/** Moves a camera for `seconds` with a velocity given in its own frame: `T <- T [exp(w dt), v dt]` (m/s, rad/s). */
export function integrateVelocity(pose: Pose, velocity: Velocity, seconds: number): Pose {
  const step: Pose = {
    rotation: fromRotationVector(scale(rotationPart(velocity), seconds)),
    translation: scale(translationPart(velocity), seconds),
  };
  const moved = compose(pose, step);
  return { rotation: orthonormalise(moved.rotation), translation: moved.translation };
}

/** The velocity, in the frame of `from`, that moves `from` to `to` in one `integrateVelocity` step of `seconds`. */
export function velocityBetween(from: Pose, to: Pose, seconds: number): Velocity {
  const motion = relativePose(from, to);
  const rotation = toRotationVector(motion.rotation);
  const [vx, vy, vz] = scale(motion.translation, 1 / seconds);
  const [wx, wy, wz] = scale(rotation, 1 / seconds);
  return [vx, vy, vz, wx, wy, wz];
}
