import { createSeededRandom } from '../../../../../src/vision/geometry/two-view/seeded-random.js';
import { verifyGeometry } from '../../../../../src/vision/geometry/two-view/verify-geometry.js';
import { gaussian, jaccard, makeTwoViews, type SceneOptions, type TwoViews } from '../two-view-scenes.js';

interface Case {
  readonly name: string;
  readonly scene: Partial<SceneOptions>;
  readonly model: 'fundamental' | 'homography' | 'any';
  /** Least overlap of found and true inliers. */
  readonly overlap: number;
}

const SEEDS = [3, 17];

/** Each scene is known exactly; no descriptor distances help. */
const CASES: readonly Case[] = [
  { name: 'depth, 70 % wrong', scene: { wrong: 0.7 }, model: 'fundamental', overlap: 0.9 },
  { name: 'depth, 80 % wrong', scene: { wrong: 0.8 }, model: 'fundamental', overlap: 0.88 },
  { name: 'a plane, 70 % wrong', scene: { shape: 'plane', wrong: 0.7 }, model: 'homography', overlap: 0.95 },
  {
    name: 'a turn, 70 % wrong',
    scene: { motion: 'rotation', wrong: 0.7 },
    model: 'homography',
    overlap: 0.95,
  },
  {
    name: 'a turn before a plane',
    scene: { shape: 'plane', motion: 'rotation' },
    model: 'homography',
    overlap: 0.97,
  },
  {
    name: 'a plane and some more, half wrong',
    scene: { shape: 'planeAndSome', wrong: 0.5 },
    model: 'fundamental',
    overlap: 0.93,
  },
  {
    name: 'a plane with strong noise',
    scene: { shape: 'plane', noise: 0.6 },
    model: 'homography',
    overlap: 0.93,
  },
  {
    name: 'fifteen pairs of a plane',
    scene: { shape: 'plane', pairs: 15, wrong: 0.2 },
    model: 'homography',
    overlap: 0.85,
  },
  { name: 'thirty pairs with depth', scene: { pairs: 30, wrong: 0.2 }, model: 'any', overlap: 0.8 },
  {
    name: 'fifteen pairs of a turn',
    scene: { motion: 'rotation', pairs: 15, wrong: 0.2 },
    model: 'homography',
    overlap: 0.85,
  },
];

describe('degenerate and hard cases against the truth', () => {
  it.each(CASES)('$name', ({ scene, model, overlap }) => {
    for (const seed of SEEDS) {
      const views = makeTwoViews({
        pairs: 300,
        wrong: 0.3,
        noise: 0.3,
        shape: 'depth',
        motion: 'general',
        seed,
        ...scene,
      });
      const result = verifyGeometry(views.goal, views.current);
      if (model !== 'any') expect(result.model).toBe(model);
      expect(jaccard(result.inliers, views.truth)).toBeGreaterThanOrEqual(overlap);
    }
  });

  it.each([
    ['depth', 7],
    ['depth', 5],
    ['plane', 5],
  ] as const)(
    'never lets through more than the truth from a few pairs of a scene (%s, %i)',
    (shape, pairs) => {
      for (const seed of SEEDS) {
        const views = makeTwoViews({ pairs, wrong: 0, noise: 0.3, shape, motion: 'general', seed });
        const { model, inlierCount, matrix } = verifyGeometry(views.goal, views.current);
        expect(inlierCount).toBeLessThanOrEqual(pairs);
        expect(model === 'none').toBe(matrix === null);
      }
    },
  );

  it('wrong partners of points on one line are told from right ones, though an epipolar model would take all', () => {
    for (const seed of SEEDS) {
      const views = lineViews(seed);
      const { model, inliers } = verifyGeometry(views.goal, views.current);
      expect(model).not.toBe('fundamental');
      const kept = (right: number): number =>
        inliers.filter((value, i) => value === 1 && views.truth[i] === right).length;
      expect(kept(1)).toBeGreaterThanOrEqual(36);
      expect(kept(0)).toBeLessThanOrEqual(4);
    }
  });
});

/** 60 points of a line in space, seen from two cameras, and 20 wrong pairs. */
function lineViews(seed: number): TwoViews {
  const random = createSeededRandom(seed);
  const goal: number[] = [];
  const current: number[] = [];
  const truth: number[] = [];
  for (let i = 0; i < 80; i++) {
    const along = random();
    const right = i < 60;
    // A projective map of the line onto another line: what two cameras make of it.
    const image = (600 * along) / (1 + 0.4 * along);
    goal.push(60 + 500 * along + 0.3 * gaussian(random), 90 + 250 * along + 0.3 * gaussian(random));
    current.push(
      ...(right
        ? [40 + image + 0.3 * gaussian(random), 400 - 0.5 * image + 0.3 * gaussian(random)]
        : [640 * random(), 480 * random()]),
    );
    truth.push(right ? 1 : 0);
  }
  return {
    goal: Float32Array.from(goal),
    current: Float32Array.from(current),
    truth: Uint8Array.from(truth),
  };
}
