import { createSeededRandom, type Random } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { integrateVelocity, inverseTransformPoint, type Pose } from '../../../../src/vision/geometry/pose.js';
import { poseError, type PoseError } from '../../../../src/vision/servoing/reference-law.js';
import type { Vec3 } from '../../../../src/vision/geometry/vector.js';
import type { ServoGoal, ServoPolicy } from '../../../../src/vision/servoing/servo-policy.js';

/** Points in space that a goal camera looks at. */
export interface ServoScene {
  readonly points: readonly Vec3[];
  readonly goal: Pose;
}

/** Points around the origin on the ground (z = 0), rising to `height` metres at random. */
export function pointScene(goal: Pose, { count = 80, height = 0.15, seed = 1 } = {}): ServoScene {
  const random = createSeededRandom(seed);
  const points = Array.from({ length: count }, (): Vec3 => {
    return [0.5 * (random() - 0.5), 0.4 * (random() - 0.5), height * random()];
  });
  return { points, goal };
}

/** Normalised positions of the points as a camera sees them. */
export function seenFrom({ points }: ServoScene, pose: Pose): Float32Array {
  return Float32Array.from(
    points.flatMap((point) => {
      const [x, y, z] = inverseTransformPoint(pose, point);
      return [x / z, y / z];
    }),
  );
}

/** All goal points in one cluster. */
export function servoGoal(scene: ServoScene): ServoGoal {
  const points = seenFrom(scene, scene.goal);
  return { points, member: new Float32Array(points.length / 2).fill(1), center: points.slice(0, 2) };
}

/** How a servo is disturbed and stepped. */
export interface ServoRun {
  readonly start: Pose;
  readonly steps: number;
  /** Seconds a step. */
  readonly seconds: number;
  /** Largest error of each coordinate, normalised units. */
  readonly jitter?: number;
  /** Share of matches that are somewhere else in every frame. */
  readonly wrong?: number;
  readonly seed?: number;
}

/** Lets a policy drive a camera that sees the scene's points; returns how far from the goal it ends. */
export async function driveServo(
  policy: ServoPolicy,
  scene: ServoScene,
  { start, steps, seconds, jitter = 0, wrong = 0, seed = 1 }: ServoRun,
): Promise<PoseError> {
  const random = createSeededRandom(seed);
  await policy.setGoal(servoGoal(scene));
  const visible = new Uint8Array(scene.points.length).fill(1);
  let pose = start;
  for (let step = 0; step < steps; step++) {
    const current = disturbed(seenFrom(scene, pose), random, { jitter, wrong });
    const { velocity } = await policy.step({ current, visible });
    if (velocity !== null) pose = integrateVelocity(pose, velocity, seconds);
  }
  return poseError(scene.goal, pose);
}

function disturbed(
  points: Float32Array,
  random: Random,
  { jitter, wrong }: { readonly jitter: number; readonly wrong: number },
): Float32Array {
  const moved = points.map((value) => value + jitter * (2 * random() - 1));
  for (let i = 0; i < points.length / 2; i++) {
    if (random() < wrong) moved.set([random() - 0.5, random() - 0.5], 2 * i);
  }
  return moved;
}
