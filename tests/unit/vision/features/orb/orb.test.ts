import { OrbExtractor } from '../../../../../src/vision/features/orb/orb-extraction.js';
import { ORB_PATTERN } from '../../../../../src/vision/features/orb/orb-pattern.js';
import { levelQuotas, planLevels } from '../../../../../src/vision/features/orb/orb-plan.js';
import { matchFeatures } from '../../../../../src/vision/features/matcher.js';
import type { Features } from '../../../../../src/vision/features/types.js';
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
function box(left: number, top: number, side: number): Image {
  const [width, height] = [160, 128];
  const data = Uint8Array.from({ length: width * height }, (_, k) => {
    const [x, y] = [(k % width) - left, Math.floor(k / width) - top];
    return x >= 0 && y >= 0 && x < side && y < side ? 200 : 50;
  });
  return { width, height, data };
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
