import { AkazeExtractor } from '../../../../../src/vision/features/akaze/akaze-extraction.js';
import {
  diffusionSteps,
  levelSigma,
  planOctaves,
} from '../../../../../src/vision/features/akaze/akaze-plan.js';
import { strongestNearby } from '../../../../../src/vision/features/akaze/strongest-nearby.js';
import { matchFeatures } from '../../../../../src/vision/features/matcher.js';
import type { Features } from '../../../../../src/vision/features/types.js';
import { rectangles } from '../test-images.js';
import type { Image } from '../../../../../src/vision/image/image.js';

const degreesApart = (a: number, b: number): number => Math.abs(((a - b + 540) % 360) - 180);

/** Turned by a quarter clockwise: pixel (x, y) comes to (height - 1 - y, x). */
function quarterTurn({ width, height, data }: Image): Image {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + (height - 1 - y)] = data[y * width + x];
  }
  return { width: height, height: width, data: turned };
}

function blob([x0, y0]: readonly [number, number], sigma: number): Image {
  const [width, height] = [320, 240];
  const data = Uint8Array.from({ length: width * height }, (_, k) => {
    const squared = ((k % width) - x0) ** 2 + (Math.floor(k / width) - y0) ** 2;
    return Math.round(40 + 180 * Math.exp(-squared / (2 * sigma ** 2)));
  });
  return { width, height, data };
}

const strongest = ({ points, sizes }: Features) => ({ x: points[0], y: points[1], size: sizes[0] });

describe('the plan of the scale space', () => {
  it('diffuses for as long as takes one blur to the next', () => {
    for (const level of [1, 2, 3]) {
      const time = diffusionSteps(level).reduce((sum, step) => sum + step, 0);
      // Linear diffusion over a time t adds 2 t to the square of a blur.
      expect(levelSigma(level - 1) ** 2 + 2 * time).toBeCloseTo(levelSigma(level) ** 2, 9);
    }
  });

  it('leaves out octaves that hold no descriptor', () => {
    expect(planOctaves({ width: 640, height: 480 })).toHaveLength(4);
    expect(planOctaves({ width: 640, height: 100 }).map(({ height }) => height)).toEqual([100, 50]);
    expect(planOctaves({ width: 33, height: 33 })).toHaveLength(1);
  });
});

describe('AKAZE key points', () => {
  const extractor = new AkazeExtractor(500);

  it.each([
    [150.3, 118.6],
    [97.8, 140.2],
  ])('lie in the middle of a blob at %d, %d', (x0, y0) => {
    const { x, y } = strongest(extractor.extract(blob([x0, y0], 4)));
    expect(Math.hypot(x - x0, y - y0)).toBeLessThan(0.25);
  });

  it('are four times as large for a blob of four times the size', () => {
    const [small, large] = [3, 12].map((sigma) => strongest(extractor.extract(blob([160, 120], sigma))));
    // Pixels of coarse octaves lie between those of the image.
    expect(Math.hypot(large.x - 160, large.y - 120)).toBeLessThan(0.5);
    // Levels are a quarter of an octave apart, and their samples whole pixels.
    expect(large.size / small.size).toBeGreaterThan(2.7);
    expect(large.size / small.size).toBeLessThan(6);
  });

  it('turn with the image', () => {
    const image = rectangles(320, 240);
    const [before, after] = [extractor.extract(image), extractor.extract(quarterTurn(image))];
    const { count, goalIndex, currentIndex } = matchFeatures(before, after);
    expect(count).toBeGreaterThan(100);
    const right = Array.from({ length: count }, (_, k) => {
      const [i, j] = [goalIndex[k], currentIndex[k]];
      const [x, y] = [239 - before.points[2 * i + 1], before.points[2 * i]];
      const place = Math.hypot(after.points[2 * j] - x, after.points[2 * j + 1] - y) < 1.5;
      return place && degreesApart(after.angles[j] - before.angles[i], 90) < 10;
    });
    expect(right.filter(Boolean).length).toBeGreaterThan(0.9 * count);
  });

  it('do not depend on the images before', () => {
    const image = rectangles(320, 240);
    const alone = new AkazeExtractor(500).extract(image);
    extractor.extract(rectangles(200, 150));
    extractor.extract(rectangles(320, 240, [5, 5], 0.3));
    const { points, descriptors } = extractor.extract(image);
    expect(points).toEqual(alone.points);
    expect(descriptors).toEqual(alone.descriptors);
  });
});

describe('strongestNearby', () => {
  const keep = (rows: readonly (readonly [number, number, number, number])[]): number[] => [
    ...strongestNearby({
      x: Float32Array.from(rows, ([x]) => x),
      y: Float32Array.from(rows, ([, y]) => y),
      radius: Float32Array.from(rows, ([, , radius]) => radius),
      strength: Float32Array.from(rows, ([, , , strength]) => strength),
    }),
  ];

  it('drops points within their radius of a stronger one, across cells, and keeps the strongest first', () => {
    const rows = [
      [15, 15, 3, 1],
      [17, 15, 3, 5],
      [17, 19, 3, 2],
      [60, 60, 100, 3],
    ] as const;
    expect(keep(rows)).toEqual([1, 2]);
    expect(keep(rows.slice(0, 3))).toEqual([1, 2]);
    expect(keep([rows[0], rows[3]])).toEqual([1, 0]);
  });

  it('lets only points that stay take others away', () => {
    // The middle one falls to the first, so the last one, near to the middle one only, stays.
    expect(
      keep([
        [10, 10, 4, 3],
        [13, 10, 4, 2],
        [16, 10, 4, 1],
      ]),
    ).toEqual([0, 2]);
  });

  it('keeps nothing of nothing', () => {
    expect(keep([])).toEqual([]);
  });
});
