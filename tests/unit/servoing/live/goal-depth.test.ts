import { goalDistanceFrom } from '../../../../src/servoing/live/goal-depth.js';
import { project, type Intrinsics } from '../../../../src/vision/geometry/camera.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';

const random = createSeededRandom(8);
/** A wall with points on it, metres. */
const WALL = Array.from({ length: 60 }, () => [random() - 0.5, random() - 0.5] as const);
const GOAL_CAMERA: Intrinsics = { fx: 600, fy: 620, cx: 320, cy: 240 };
/** The same camera at half the size. */
const CAMERA: Intrinsics = { fx: 300, fy: 310, cx: 160, cy: 120 };

const seenFrom = (depth: number, [x, y]: readonly [number, number], intrinsics: Intrinsics): Float32Array =>
  Float32Array.from(WALL.flatMap(([u, v]) => project(intrinsics, [u - x, v - y, depth]) ?? []));

describe('the goal distance from a depth', () => {
  const goal = seenFrom(0.8, [0, 0], GOAL_CAMERA);

  it('is right for a wall that is seen from elsewhere, whatever points are visible', () => {
    const visible = Float32Array.from(WALL, (_, i) => Number(i % 3 > 0));
    const cur = seenFrom(1.4, [0.2, -0.1], CAMERA).map((value, i) => value * visible[i >> 1]);
    const distance = goalDistanceFrom(1.4, {
      goal,
      found: { cur, visible },
      goalIntrinsics: GOAL_CAMERA,
      intrinsics: CAMERA,
    });
    expect(distance).toBeCloseTo(0.8, 5);
  });

  it('is unknown without two points', () => {
    const visible = Float32Array.from(WALL, (_, i) => Number(i === 4));
    const found = { cur: goal, visible };
    const seen = { goal, found, goalIntrinsics: GOAL_CAMERA, intrinsics: GOAL_CAMERA };
    expect(goalDistanceFrom(1, seen)).toBeNull();
  });
});
