import { OrbExtractor } from '../../../../../src/vision/features/orb/orb-extraction.js';
import { PATCH_SIDE } from '../../../../../src/vision/features/orb/orb-descriptor.js';
import { ORB_PATTERN } from '../../../../../src/vision/features/orb/orb-pattern.js';
import { levelQuotas, planLevels } from '../../../../../src/vision/features/orb/orb-plan.js';
import { matchFeatures } from '../../../../../src/vision/features/matcher.js';
import type { Features } from '../../../../../src/vision/features/types.js';
import { createSeededRandom } from '../../../../../src/vision/geometry/two-view/seeded-random.js';
import { rectangles } from '../test-images.js';
import type { Image } from '../../../../../src/vision/image/image.js';

const extractor = new OrbExtractor(500);
const degreesApart = (a: number, b: number): number => Math.abs(((a - b + 540) % 360) - 180);

/** Turned by a quarter clockwise: pixel (x, y) comes to (height - 1 - y, x). */
function quarterTurn({ width, height, data }: Image): Image {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + (height - 1 - y)] = data[y * width + x];
  }
  return { width: height, height: width, data: turned };
}

/** A bright box on dark ground. */
function box(left: number, top: number, side: number, [width, height] = [160, 128]): Image {
  const data = Uint8Array.from({ length: width * height }, (_, k) => {
    const [x, y] = [(k % width) - left, Math.floor(k / width) - top];
    return x >= 0 && y >= 0 && x < side && y < side ? 200 : 50;
  });
  return { width, height, data };
}

/** Smooth bright and dark spots; `shift` moves all of them, by fractions of a pixel as well. */
function spots(width: number, height: number, shift: number): Image {
  const random = createSeededRandom(5);
  const light = new Float64Array(width * height).fill(128);
  for (let n = 0; n < (width * height) / 60; n++) {
    const [x0, y0] = [random() * width + shift, random() * height];
    const [sigma, height0] = [1 + 2 * random(), 240 * random() - 120];
    light.forEach((_, k) => {
      const [x, y] = [k % width, Math.floor(k / width)];
      light[k] += height0 * Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma ** 2));
    });
  }
  return { width, height, data: new Uint8Array(Uint8ClampedArray.from(light)) };
}

const nearest = ({ points, count }: Features, x: number, y: number): number =>
  Math.min(...Array.from({ length: count }, (_, k) => Math.hypot(points[2 * k] - x, points[2 * k + 1] - y)));

describe('the plan of the pyramid', () => {
  it('shrinks by 1.2 and leaves out levels without room for a patch', () => {
    expect(planLevels({ width: 640, height: 480 }).map(({ width }) => width)).toEqual([
      640, 533, 444, 370, 309, 257, 214, 179,
    ]);
    expect(planLevels({ width: 200, height: 40 })).toHaveLength(1);
  });

  it('shares out the key points by the sides of the levels', () => {
    const quotas = levelQuotas(planLevels({ width: 640, height: 480 }), 1000);
    expect(Math.abs(quotas.reduce((sum, quota) => sum + quota, 0) - 1000)).toBeLessThan(5);
    expect(quotas[0] / quotas[2]).toBeCloseTo(1.2 ** 2, 1);
  });
});

describe('ORB key points', () => {
  it('are the corners of a box, and none of its edges', () => {
    const found = extractor.extract(box(50, 40, 45));
    const corners = [50, 94].flatMap((x) => [40, 84].map((y) => [x, y] as const));
    for (const [x, y] of corners) expect(nearest(found, x, y)).toBeLessThan(3);
    for (let k = 0; k < found.count; k++) {
      const [px, py] = found.points.subarray(2 * k, 2 * k + 2);
      const apart = Math.min(...corners.map(([x, y]) => Math.hypot(px - x, py - y)));
      // Pixels of the coarsest level are 3.6 pixels wide.
      expect(apart).toBeLessThan(2 * 3.6);
    }
  });

  it('lie in the same places at every level, also far from the origin', () => {
    const { count, points, sizes } = extractor.extract(box(560, 400, 45, [640, 480]));
    for (const level of [1, 2, 3]) {
      const rows = Array.from({ length: count }, (_, k) => k).filter(
        (k) => Math.abs(sizes[k] - 31 * 1.2 ** level) < 1,
      );
      expect(rows).toHaveLength(4);
      for (const [axis, middle] of [582, 422].entries()) {
        const mean = rows.reduce((sum, k) => sum + points[2 * k + axis], 0) / 4;
        // The four corners lie around the middle of the box, whatever a level's pixels.
        expect(Math.abs(mean - middle)).toBeLessThan(0.2);
      }
    }
  });

  it('follow the image by fractions of a pixel', () => {
    const before = extractor.extract(spots(128, 96, 0));
    for (const shift of [0.25, 0.5, 0.75]) {
      const after = extractor.extract(spots(128, 96, shift));
      const { count, goalIndex, currentIndex } = matchFeatures(before, after);
      const errors = Array.from({ length: count }, (_, k) => [goalIndex[k], currentIndex[k]])
        .filter(([i]) => before.sizes[i] === PATCH_SIDE)
        .map(([i, j]) => Math.abs(after.points[2 * j] - before.points[2 * i] - shift));
      expect(errors.length).toBeGreaterThan(20);
      // Whole pixels would be off by the shift or by one less it.
      expect(errors.sort((a, b) => a - b)[errors.length >> 1]).toBeLessThan(0.2);
    }
  });

  it('point from a corner into the box', () => {
    const { count, points, angles } = extractor.extract(box(50, 40, 45));
    for (let k = 0; k < count; k++) {
      const into = (Math.atan2(62 - points[2 * k + 1], 72 - points[2 * k]) * 180) / Math.PI;
      expect(degreesApart(angles[k], into)).toBeLessThan(15);
    }
  });

  it('turn with the image', () => {
    const image = rectangles(320, 240);
    const [before, after] = [extractor.extract(image), extractor.extract(quarterTurn(image))];
    const { count, goalIndex, currentIndex } = matchFeatures(before, after);
    expect(count).toBeGreaterThan(150);
    const right = Array.from({ length: count }, (_, k) => {
      const [i, j] = [goalIndex[k], currentIndex[k]];
      const [x, y] = [239 - before.points[2 * i + 1], before.points[2 * i]];
      const place = Math.hypot(after.points[2 * j] - x, after.points[2 * j + 1] - y) < 3;
      return place && degreesApart(after.angles[j] - before.angles[i], 90) < 10;
    });
    expect(right.filter(Boolean).length).toBeGreaterThan(0.9 * count);
  });

  it('do not depend on the images before', () => {
    const image = rectangles(320, 240);
    const alone = new OrbExtractor(500).extract(image);
    extractor.extract(rectangles(201, 150));
    extractor.extract(rectangles(320, 240, [5, 5], 0.3));
    const { points, descriptors } = extractor.extract(image);
    expect(points).toEqual(alone.points);
    expect(descriptors).toEqual(alone.descriptors);
  });

  it('are described by 256 different tests within the patch', () => {
    const tests = Array.from({ length: 256 }, (_, k) => ORB_PATTERN.slice(4 * k, 4 * k + 4));
    expect(new Set(tests.map((test) => test.join())).size).toBe(256);
    for (const [ax, ay, bx, by] of tests) {
      expect(Math.max(Math.hypot(ax, ay), Math.hypot(bx, by))).toBeLessThanOrEqual(15);
    }
  });
});
