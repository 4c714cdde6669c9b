import { fileURLToPath } from 'node:url';
import { viewpointPose } from '../../../../scripts/render/camera-path.js';
import { openCnsNetwork, type CnsNetwork } from '../../../../src/networks/cns/cns-network.js';
import { NetworkRegistry } from '../../../../src/networks/runtime/network-registry.js';
import { clusterPoints } from '../../../../src/vision/features/clustering.js';
import { inverseTransformPoint, type Pose } from '../../../../src/vision/geometry/pose.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { add, length, scale, type Vec3 } from '../../../../src/vision/geometry/vector.js';
import { compareVelocity } from '../../../../src/vision/geometry/velocity.js';
import { referenceVelocity } from '../../../../src/vision/servoing/reference-law.js';
import { pointScene, seenFrom } from '../../vision/servoing/servo-scenes.js';

const MODELS = fileURLToPath(new URL('../../../../../models', import.meta.url));
const TARGET: Vec3 = [0, 0, 0.05];
const view = (distance: number, azimuth: number, elevation: number): Pose =>
  viewpointPose({ target: TARGET, distance, azimuth, elevation, turns: [4, -3, 2] });
const GOAL = view(0.7, 205, 78);
/** Sixty degrees of roll, tilted; nearer than the goal; farther and tilted. */
const STARTS = [view(0.75, 265, 65), view(0.45, 215, 80), view(1.1, 190, 55)];

describe('the velocity of the shipped network', () => {
  let registry: NetworkRegistry;
  let network: CnsNetwork;

  beforeAll(async () => {
    registry = new NetworkRegistry({ folder: MODELS });
    network = await openCnsNetwork(registry, { device: 'cpu' });
  });
  afterAll(async () => {
    network.lease.release();
    await registry.close();
  });

  it.each([
    ['exact points', 0, 0, 2],
    ['half a pixel of jitter and one match of ten that is wrong', 0.5 / 540, 0.1, 6],
  ])(
    'has direction and length of the reference law for %s, in the first frame',
    async (_, jitter, wrong, degrees) => {
      const scene = pointScene(GOAL, { count: 160, height: 0.12 });
      const sum = scene.points.reduce<Vec3>((total, point) => add(total, point), [0, 0, 0]);
      const middle = scale(sum, 1 / scene.points.length);
      const goalDistance = length(inverseTransformPoint(GOAL, middle));
      const points = seenFrom(scene, GOAL);
      const random = createSeededRandom(7);
      for (const start of STARTS) {
        const policy = network.policy({ goalDistance });
        await policy.setGoal({ points, ...clusterPoints(points) });
        const current = seenFrom(scene, start).map((value) => value + jitter * (2 * random() - 1));
        for (let row = 0; row < scene.points.length; row++) {
          if (random() < wrong) current.set([random() - 0.5, random() - 0.5], 2 * row);
        }
        const { velocity } = await policy.step({
          current,
          visible: new Uint8Array(scene.points.length).fill(1),
        });
        const law = referenceVelocity(GOAL, start, middle);
        const { angle6Deg, lengthRatio } = compareVelocity(velocity ?? [0, 0, 0, 0, 0, 0], law, goalDistance);
        expect(angle6Deg).toBeLessThan(degrees);
        expect(Math.abs((lengthRatio ?? 0) - 1)).toBeLessThan(0.06);
      }
    },
  );
});
