import type { Correspondences } from '../../vision/features/correspondences.js';
import type { Intrinsics } from '../../vision/geometry/camera.js';

/** Goal points, their positions in a frame, and the intrinsics of both images. */
export interface SeenGoal {
  /** `[N, 2]` pixels of the goal image. */
  readonly goal: Float32Array;
  readonly found: Pick<Correspondences, 'cur' | 'visible'>;
  readonly goalIntrinsics: Intrinsics;
  readonly intrinsics: Intrinsics;
}

/**
 * Distance from the goal camera to the scene, from the current distance: a scene that appears twice as large is at half
 * the distance. Exact for a scene parallel to both image planes, an estimate otherwise.
 * @param depth metres from the current camera to the scene
 * @returns null without two distinct visible points
 */
export function goalDistanceFrom(
  depth: number,
  { goal, found, goalIntrinsics, intrinsics }: SeenGoal,
): number | null {
  const before = spread(goal, found.visible, goalIntrinsics);
  const now = spread(found.cur, found.visible, intrinsics);
  return before > 0 && now > 0 ? depth * (now / before) : null;
}

/** Standard deviation of the visible points on the normalised plane, both axes together. */
function spread(points: Float32Array, visible: Float32Array, { fx, fy }: Intrinsics): number {
  let [count, sumX, sumY, squares] = [0, 0, 0, 0];
  for (let row = 0; row < visible.length; row++) {
    if (visible[row] === 0) continue;
    const [x, y] = [points[2 * row] / fx, points[2 * row + 1] / fy];
    count += 1;
    sumX += x;
    sumY += y;
    squares += x * x + y * y;
  }
  return count < 2 ? 0 : Math.sqrt(Math.max(0, squares / count - (sumX / count) ** 2 - (sumY / count) ** 2));
}
