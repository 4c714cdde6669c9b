import type { ServoVelocity } from '../../domain/servo.js';
import { rotate, type Mat3 } from '../../vision/geometry/rotation.js';
import { add, cross, type Vec3 } from '../../vision/geometry/vector.js';
import { rotationPart, translationPart } from '../../vision/geometry/velocity.js';

/**
 * Velocity of the tool to which the camera is mounted, in the tool's frame, by the twist transform (adjoint)
 * `v_tool = R v + t x (R w)`, `w_tool = R w`, where `p_tool = R p_camera + t`.
 * @param handEye pose of the camera in the tool's frame, 4x4 row-major
 */
export function toolVelocity(handEye: readonly number[], velocity: ServoVelocity): ServoVelocity {
  const [a, b, c, x, d, e, f, y, g, h, i, z] = handEye;
  const rotation: Mat3 = [a, b, c, d, e, f, g, h, i];
  const offset: Vec3 = [x, y, z];
  const turn = rotate(rotation, rotationPart(velocity));
  const move = add(rotate(rotation, translationPart(velocity)), cross(offset, turn));
  return [...move, ...turn];
}
