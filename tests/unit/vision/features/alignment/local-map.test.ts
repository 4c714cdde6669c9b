import { LocalMap } from '../../../../../src/vision/features/alignment/local-map.js';
import { createSeededRandom } from '../../../../../src/vision/geometry/two-view/seeded-random.js';

type Place = readonly [number, number];

/** Random places of an image, and where a map has them. */
function pairsOf(count: number, map: (x: number, y: number) => Place) {
  const random = createSeededRandom(3);
  const goal = Float64Array.from({ length: 2 * count }, (_, k) => random() * (k % 2 === 0 ? 640 : 480));
  const current = Float64Array.from(goal, (_, k) => map(goal[k - (k % 2)], goal[k - (k % 2) + 1])[k % 2]);
  return { goal, current };
}

const affine = (x: number, y: number): Place => [1.1 * x - 0.4 * y + 30, 0.5 * x + 0.9 * y - 12];
/** A homography as of a camera 20 degrees aside. */
const tilted = (x: number, y: number): Place => {
  const depth = 1 + 0.0004 * x - 0.0003 * y;
  return [(0.95 * x - 0.2 * y + 20) / depth, (0.2 * x + 0.97 * y - 8) / depth];
};

describe('the map around a point', () => {
  it.each([6, 13, 14, 400])('is that of an affine map of %d pairs', (count) => {
    const { goal, current } = pairsOf(count, affine);
    const stretch = LocalMap.fit(goal, current)?.stretchAt(123, 45);
    [1.1, -0.4, 0.5, 0.9].forEach((value, k) => expect(stretch?.[k]).toBeCloseTo(value, 9));
  });

  it('is that of a homography to a few hundredths', () => {
    const { goal, current } = pairsOf(100, tilted);
    const map = LocalMap.fit(goal, current);
    for (const [x, y] of [
      [100, 100],
      [320, 240],
      [520, 400],
    ] as const) {
      const [right, below] = [tilted(x + 0.01, y), tilted(x, y + 0.01)];
      const here = tilted(x, y);
      const slope = (to: Place, axis: 0 | 1): number => (to[axis] - here[axis]) / 0.01;
      const truth = [slope(right, 0), slope(below, 0), slope(right, 1), slope(below, 1)];
      const stretch = map?.stretchAt(x, y) ?? [];
      truth.forEach((value, k) => expect(Math.abs(stretch[k] - value)).toBeLessThan(0.04));
    }
  });

  it('is not bent by pairs that lie elsewhere', () => {
    const { goal, current } = pairsOf(60, affine);
    for (let k = 0; k < 20; k += 2) current[6 * k] += 80;
    const stretch = LocalMap.fit(goal, current)?.stretchAt(300, 200) ?? [];
    [1.1, -0.4, 0.5, 0.9].forEach((value, k) => expect(Math.abs(stretch[k] - value)).toBeLessThan(0.01));
  });

  it('is unknown from few pairs, and from pairs on a line', () => {
    const { goal, current } = pairsOf(5, affine);
    expect(LocalMap.fit(goal, current)).toBeNull();
    const line = Float64Array.from({ length: 40 }, (_, k) => 10 * (k >> 1));
    expect(LocalMap.fit(line, line)).toBeNull();
  });
});
