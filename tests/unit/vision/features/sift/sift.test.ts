import { SiftExtractor } from '../../../../../src/vision/features/sift/sift-extraction.js';
import { matchFeatures } from '../../../../../src/vision/features/matcher.js';
import type { Features } from '../../../../../src/vision/features/types.js';
import type { Image } from '../../../../../src/vision/image/image.js';
import { rectangles } from '../test-images.js';

const degreesApart = (a: number, b: number): number => Math.abs(((a - b + 540) % 360) - 180);

/** A Gaussian spot on grey. */
function blob([x0, y0]: readonly [number, number], sigma: number, height = 120): Image {
  const size = { width: 320, height: 240 };
  const data = Uint8Array.from({ length: size.width * size.height }, (_, k) => {
    const squared = ((k % size.width) - x0) ** 2 + (Math.floor(k / size.width) - y0) ** 2;
    return Math.round(60 + height * Math.exp(-squared / (2 * sigma ** 2)));
  });
  return { ...size, data };
}

/** Turned by a quarter clockwise: pixel (x, y) comes to (height - 1 - y, x). */
function quarterTurn({ width, height, data }: Image): Image {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + (height - 1 - y)] = data[y * width + x];
  }
  return { width: height, height: width, data: turned };
}

const strongest = ({ points, sizes }: Features) => ({ x: points[0], y: points[1], size: sizes[0] });

/**
 * Diameter of a Gaussian spot's key point. The picture counts as blurred by half a pixel, so that a level of blur s blurs
 * the spot by sqrt(s^2 - 1/4); the difference of the levels s and k s, k the cube root of 2, is largest where
 * s^2 = (sigma^2 - 1/4) / k.
 */
const diameterOf = (sigma: number): number => 12 * Math.sqrt((sigma ** 2 - 0.25) / Math.cbrt(2));

describe('SIFT key points', () => {
  // In the enlarged octave, in that of the image, and in smaller ones.
  it.each([
    [150.3, 118.6, 1.6],
    [97.8, 140.2, 3],
    [160.5, 120.25, 6],
    [170.4, 110.7, 13],
  ])('lie in the middle of a spot at %d, %d, and are as large as one of sigma %d', (x0, y0, sigma) => {
    const { x, y, size } = strongest(new SiftExtractor(8).extract(blob([x0, y0], sigma)));
    expect(Math.hypot(x - x0, y - y0)).toBeLessThan(0.04 * sigma + 0.03);
    expect(size / diameterOf(sigma)).toBeGreaterThan(0.95);
    expect(size / diameterOf(sigma)).toBeLessThan(1.05);
  });

  it('need contrast, less of it where the image or its goal has little', () => {
    // The largest difference of a spot's levels is (k - 1) / (k + 1) of its height, times three a level's share of an octave.
    const share = (3 * (Math.cbrt(2) - 1)) / (Math.cbrt(2) + 1);
    const heightFor = (contrast: number): number => Math.ceil((255 * contrast) / share) + 2;
    const found = (height: number, sensitive?: boolean): Features =>
      new SiftExtractor(4).extract(blob([160, 120], 5, height), sensitive);
    const strong = found(heightFor(0.03));
    expect(strong.count).toBeGreaterThan(0);
    expect(strong.sensitive).toBeUndefined();
    const weak = found(heightFor(0.008));
    expect(weak.count).toBeGreaterThan(0);
    expect(weak.sensitive).toBe(true);
    expect(found(heightFor(0.03), true).sensitive).toBe(true);
    expect(found(heightFor(0.004)).count).toBe(0);
  });

  it('turn with the image, and their descriptors stay', () => {
    const image = rectangles(320, 240);
    const extractor = new SiftExtractor(500);
    const [before, after] = [extractor.extract(image), extractor.extract(quarterTurn(image))];
    const { count, goalIndex, currentIndex } = matchFeatures(before, after);
    expect(count).toBeGreaterThan(200);
    const right = Array.from({ length: count }, (_, k) => {
      const [i, j] = [goalIndex[k], currentIndex[k]];
      const [x, y] = [239 - before.points[2 * i + 1], before.points[2 * i]];
      const place = Math.hypot(after.points[2 * j] - x, after.points[2 * j + 1] - y) < 1;
      return place && degreesApart(after.angles[j] - before.angles[i], 90) < 10;
    }).filter(Boolean);
    expect(right.length).toBeGreaterThan(0.95 * count);
  });

  it('have descriptors of length 1 without negative numbers', () => {
    const { count, descriptors } = new SiftExtractor(200).extract(rectangles(320, 240));
    expect(count).toBeGreaterThan(100);
    for (let row = 0; row < count; row++) {
      const values = [...descriptors.data.subarray(128 * row, 128 * (row + 1))];
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
      expect(Math.hypot(...values)).toBeCloseTo(1, 4);
    }
  });

  it('of an image above the largest side are those of the smaller one, in its own pixels', () => {
    const { width, height, data } = rectangles(1920, 64);
    const twice = new Uint8Array(4 * data.length).map((_, k) => {
      const [x, y] = [k % (2 * width), Math.floor(k / (2 * width))];
      return data[(y >> 1) * width + (x >> 1)];
    });
    const extractor = new SiftExtractor(300);
    const small = extractor.extract({ width, height, data });
    const large = extractor.extract({ width: 2 * width, height: 2 * height, data: twice });
    expect(large.count).toBe(small.count);
    expect(large.sizes[0]).toBeCloseTo(2 * small.sizes[0], 4);
    expect(large.points[0]).toBeCloseTo(2 * small.points[0] + 0.5, 3);
  });
});
