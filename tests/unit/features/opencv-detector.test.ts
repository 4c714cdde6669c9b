import { afterAll, describe, expect, it } from '@jest/globals';
import { findCorrespondences } from '../../../src/inference/features/correspondences.js';
import {
  availableDetectors,
  createDetector,
  isDetectorAvailable,
} from '../../../src/inference/features/detectors/registry.js';
import { createSeededRandom } from '../../../src/inference/features/geometry/seeded-random.js';
import { matchFeatures } from '../../../src/inference/features/matcher.js';
import type { Detector, GrayImage } from '../../../src/inference/features/types.js';

/** Grey rectangles at random places on grey, the same at the same seed; `shift` moves all of them. */
function rectangles(
  width: number,
  height: number,
  [dx, dy]: readonly [number, number] = [0, 0],
  contrast = 1,
): GrayImage {
  const random = createSeededRandom(77);
  const data = new Uint8Array(width * height).fill(128);
  for (let n = 0; n < 260; n++) {
    const [x0, y0] = [random() * width * 1.4 - width * 0.2, random() * height * 1.4 - height * 0.2].map(
      Math.round,
    );
    const [w, h, grey] = [8 + random() * 40, 8 + random() * 40, 128 + (random() * 255 - 128) * contrast];
    for (let y = Math.max(0, y0 + dy); y < Math.min(height, y0 + dy + h); y++) {
      data.fill(
        grey,
        y * width + Math.max(0, Math.min(width, x0 + dx)),
        y * width + Math.max(0, Math.min(width, x0 + dx + w)),
      );
    }
  }
  return { width, height, data };
}

const flat = (width: number, height: number, grey: number): GrayImage => ({
  width,
  height,
  data: new Uint8Array(width * height).fill(grey),
});

describe.each(['ORB', 'AKAZE'] as const)('%s', (name) => {
  const detector: Detector = createDetector(name, { maxFeatures: 300 });
  afterAll(() => detector.close());

  it('finds a shifted image again', async () => {
    const [goal, current] = await Promise.all([
      detector.detect(rectangles(320, 240)),
      detector.detect(rectangles(320, 240, [17, -9])),
    ]);
    expect(goal.count).toBeGreaterThan(100);
    expect(goal.count).toBeLessThanOrEqual(300);
    const { count, goalIndex, currentIndex } = matchFeatures(goal, current);
    expect(count).toBeGreaterThan(60);
    const right = [...goalIndex].filter((i, k) => {
      const j = currentIndex[k];
      const [dx, dy] = [0, 1].map((axis) => current.points[2 * j + axis] - goal.points[2 * i + axis]);
      // ORB's coarsest level has pixels of 2.9 pixels.
      return Math.hypot(dx - 17, dy + 9) < 3;
    });
    expect(right.length).toBeGreaterThan(0.9 * count);
    expect(findCorrespondences(goal, current)).toMatchObject({ model: 'homography', lost: null });
  });

  it('describes every key point, strongest first, all over the image', async () => {
    const { count, points, scores, sizes, angles, descriptors } = await detector.detect(rectangles(320, 240));
    expect([points.length, scores.length, sizes.length, angles.length]).toEqual([
      2 * count,
      count,
      count,
      count,
    ]);
    expect(descriptors.kind).toBe('binary');
    const bytes = descriptors.kind === 'binary' ? descriptors.bytes : 0;
    expect(bytes % 4).toBe(0);
    expect(descriptors.data.length).toBe(count * bytes);
    expect([...scores]).toEqual([...scores].sort((a, b) => b - a));
    const quarters = new Set(
      Array.from({ length: count }, (_, i) => `${points[2 * i] < 160} ${points[2 * i + 1] < 120}`),
    );
    expect(quarters.size).toBe(4);
  });

  it('finds corners of little contrast', async () => {
    const faint = await detector.detect(rectangles(320, 240, [0, 0], 0.12));
    expect(faint.count).toBeGreaterThan(60);
  });

  it.each([
    ['black', flat(320, 240, 0)],
    ['one pixel', flat(1, 1, 200)],
    ['a line', flat(640, 3, 9)],
    ['tiny', rectangles(33, 33)],
    ['long', rectangles(1000, 40)],
  ])('takes an image that is %s', async (_, image) => {
    const found = await detector.detect(image);
    expect(found.points.length).toBe(2 * found.count);
    if (image.data.every((grey) => grey === image.data[0])) expect(found.count).toBe(0);
  });

  it('gives the same features whatever came before', async () => {
    const image = rectangles(200, 160);
    const first = await detector.detect(image);
    await detector.detect(rectangles(320, 240, [0, 0], 0.1));
    expect(await detector.detect(image)).toEqual(first);
  });

  it('leaves the image to the caller at once', async () => {
    const image = rectangles(200, 160);
    const expected = await detector.detect(image);
    // A view into a larger buffer, overwritten while the request is on its way, as a frame reader does.
    const frame = Buffer.concat([Buffer.alloc(7), Buffer.from(image.data)]).subarray(7);
    const pending = detector.detect({ ...image, data: frame });
    frame.fill(0);
    expect(await pending).toEqual(expected);
  });

  it('refuses bytes that do not fill the image', async () => {
    await expect(detector.detect({ width: 10, height: 10, data: new Uint8Array(99) })).rejects.toMatchObject({
      code: 'IMAGE_SIZE_MISMATCH',
      kind: 'invalid',
    });
    await expect(detector.detect({ width: 0, height: 0, data: new Uint8Array(0) })).rejects.toThrow(/0x0/);
  });
});

describe('createDetector', () => {
  it('answers in the order of the questions, from several threads', async () => {
    const detector = createDetector('orb', { threads: 2 });
    const images = [0, 10, 20, 30, 40].map((dx) => rectangles(160, 120, [dx, 0]));
    const together = await Promise.all(images.map((image) => detector.detect(image)));
    for (const [k, image] of images.entries()) expect(together[k]).toEqual(await detector.detect(image));
    await detector.close();
  });

  it('does not grow with the number of frames', async () => {
    const detector = createDetector('ORB');
    const frame = flat(1280, 960, 90);
    const detectTimes = async (times: number): Promise<void> => {
      for (let k = 0; k < times; k++) await detector.detect(frame);
    };
    await detectTimes(10);
    const before = process.memoryUsage().rss;
    await detectTimes(100);
    const after = process.memoryUsage().rss;
    await detector.close();
    // One image per frame that is not freed would be 123 MB; garbage that waits comes to at most half of that.
    expect(after - before).toBeLessThan(95e6);
  });

  it('rejects what is open and what comes after closing', async () => {
    const detector = createDetector('ORB');
    const open = detector.detect(rectangles(320, 240));
    const closed = detector.close();
    await expect(open).rejects.toMatchObject({ code: 'DETECTOR_FAILED' });
    await closed;
    await detector.close();
    await expect(detector.detect(flat(64, 64, 0))).rejects.toThrow(/closed/);
  });

  it('says which detectors there are when asked for another', () => {
    expect(() => createDetector('SIFT')).toThrow(
      expect.objectContaining({
        code: 'DETECTOR_NOT_AVAILABLE',
        kind: 'invalid',
        message: expect.stringContaining('ORB, AKAZE'),
      }),
    );
    expect(isDetectorAvailable('SIFT')).toBe(false);
    expect(availableDetectors().every(isDetectorAvailable)).toBe(true);
  });
});
