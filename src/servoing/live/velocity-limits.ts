import type { ServoSetup, ServoVelocity } from '../../domain/servo.js';
import { length } from '../../vision/geometry/vector.js';
import { rotationPart, translationPart } from '../../vision/geometry/velocity.js';

/**
 * Limits the norms of the translational and the rotational velocity. All six components are scaled by the same factor,
 * so that the direction of motion is preserved.
 */
export function saturate(velocity: ServoVelocity, { linear, angular }: ServoSetup['limits']): ServoVelocity {
  const share = (limit: number | null, size: number): number =>
    limit === null || size <= limit ? 1 : limit / size;
  const factor = Math.min(
    share(linear, length(translationPart(velocity))),
    share(angular, length(rotationPart(velocity))),
  );
  if (factor === 1) return velocity;
  const [vx, vy, vz, wx, wy, wz] = velocity;
  return [vx * factor, vy * factor, vz * factor, wx * factor, wy * factor, wz * factor];
}
