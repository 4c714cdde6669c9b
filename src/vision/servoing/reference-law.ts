import { inverseTransformPoint, relativePose, type Pose } from '../geometry/pose.js';
import { toRotationVector } from '../geometry/rotation.js';
import { add, cross, length, scale, subtract, toDegrees, type Vec3 } from '../geometry/vector.js';
import type { Velocity } from '../geometry/velocity.js';

/**
 * Position-based servoing with the scene centre as feature: the law that our policy is trained on, and the ground truth
 * for predictions on rendered clips.
 *
 * With `P` the scene centre in the goal's and in the current camera frame and `u` the rotation vector of
 * `R_goal^T R_current`: `w = -u`, `v = -(P_goal - P_current + P_current x u)`. A static point moves in the camera frame
 * by `dP/dt = -v - w x P`, so `dP/dt = P_goal - P_current`: the centre moves straight to its goal and the rotation
 * along its geodesic, both with error exp(-t).
 *
 * @param goal camera-to-world pose at the goal
 * @param current current camera-to-world pose
 * @param sceneCentre world metres
 * @returns velocity of the camera in its current frame, m/s and rad/s, at gain 1 (the remaining motion per second)
 */
export function referenceVelocity(goal: Pose, current: Pose, sceneCentre: Vec3): Velocity {
  const centreAtGoal = inverseTransformPoint(goal, sceneCentre);
  const centreNow = inverseTransformPoint(current, sceneCentre);
  const rotation = toRotationVector(relativePose(goal, current).rotation);
  const [vx, vy, vz] = scale(add(subtract(centreAtGoal, centreNow), cross(centreNow, rotation)), -1);
  const [wx, wy, wz] = scale(rotation, -1);
  return [vx, vy, vz, wx, wy, wz];
}

/** Error between two camera poses. */
export interface PoseError {
  /** Distance of the two camera centres, metres. */
  readonly metres: number;
  /** Angle of the rotation between them, degrees, 0 to 180. */
  readonly degrees: number;
}

/** Distance and angle between a camera pose and its goal. */
export function poseError(goal: Pose, current: Pose): PoseError {
  const { rotation, translation } = relativePose(goal, current);
  return { metres: length(translation), degrees: toDegrees(length(toRotationVector(rotation))) };
}
