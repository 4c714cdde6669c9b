import { defaultIntrinsics, project } from '../../../../src/vision/geometry/camera.js';
import { inverseTransformPoint, type Pose } from '../../../../src/vision/geometry/pose.js';
import { fromRotationVector } from '../../../../src/vision/geometry/rotation.js';
import type { Vec3 } from '../../../../src/vision/geometry/vector.js';
import { createSeededRandom, type Random } from '../../../../src/vision/geometry/two-view/seeded-random.js';

/** Corresponding pixels of two views with the truth about each pair. */
export interface TwoViews {
  readonly goal: Float32Array;
  readonly current: Float32Array;
  /** `[n]` 1 for right pairs. */
  readonly truth: Uint8Array;
}

/** What {@link makeTwoViews} makes. */
export interface SceneOptions {
  readonly pairs: number;
  /** Share of wrong pairs, 0..1. */
  readonly wrong: number;
  /** Standard deviation of each coordinate in each image, pixels. */
  readonly noise: number;
  readonly shape: 'depth' | 'plane' | 'planeAndSome';
  readonly motion: 'general' | 'rotation';
  readonly seed: number;
}

const WIDTH = 640;
const HEIGHT = 480;
const camera = defaultIntrinsics(WIDTH, HEIGHT);

/** Standard normal number (Box and Muller). */
export function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Projects random scene points into two cameras and replaces a share of the current pixels by random ones. */
export function makeTwoViews({ pairs, wrong, noise, shape, motion, seed }: SceneOptions): TwoViews {
  const random = createSeededRandom(seed);
  const goalPose: Pose = { rotation: fromRotationVector([0, 0, 0]), translation: [0, 0, 0] };
  const currentPose: Pose = {
    rotation: fromRotationVector([0.05, -0.1, 0.4]),
    translation: motion === 'rotation' ? [0, 0, 0] : [0.25, -0.15, -0.2],
  };
  const goal: number[] = [];
  const current: number[] = [];
  const truth: number[] = [];
  while (truth.length < pairs) {
    const point = scenePoint(random, shape, truth.length);
    const seen = [goalPose, currentPose].map((pose) => look(pose, point));
    // The noise and the wrong pairs use fresh numbers, so a pair out of view is simply drawn again.
    if (!seen.every(isInside)) continue;
    const right = random() >= wrong;
    const shown = right ? seen[1] : [random() * WIDTH, random() * HEIGHT];
    goal.push(...seen[0].map((value) => value + noise * gaussian(random)));
    current.push(...shown.map((value) => value + noise * gaussian(random)));
    truth.push(right ? 1 : 0);
  }
  return {
    goal: Float32Array.from(goal),
    current: Float32Array.from(current),
    truth: Uint8Array.from(truth),
  };
}

function scenePoint(random: Random, shape: SceneOptions['shape'], index: number): Vec3 {
  const [x, y] = [1.6 * (random() - 0.5), 1.2 * (random() - 0.5)];
  const plane = 1.2 + 0.3 * x - 0.2 * y;
  const onPlane = shape === 'plane' || (shape === 'planeAndSome' && index % 5 > 0);
  return [x, y, onPlane ? plane : plane - 0.4 * random() + 0.1];
}

function look(pose: Pose, point: Vec3): readonly number[] {
  return project(camera, inverseTransformPoint(pose, point)) ?? [-1, -1];
}

const isInside = ([u, v]: readonly number[]): boolean => u >= 0 && u < WIDTH && v >= 0 && v < HEIGHT;

/** Size of the intersection over size of the union of two 0/1 masks. */
export function jaccard(a: Uint8Array, b: Uint8Array): number {
  const both = a.filter((value, i) => value === 1 && b[i] === 1).length;
  const either = a.filter((value, i) => value === 1 || b[i] === 1).length;
  return both / either;
}
