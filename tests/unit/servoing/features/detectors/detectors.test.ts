import path from 'node:path';
import { findCorrespondences } from '../../../../../src/vision/features/correspondences.js';
import {
  availableDetectors,
  createFeaturePipeline,
} from '../../../../../src/servoing/features/detectors/registry.js';
import { matchFeatures } from '../../../../../src/vision/features/matcher.js';
import type { Detector } from '../../../../../src/vision/features/types.js';
import { flat, rectangles } from '../../../vision/features/test-images.js';

const modelsDirectory = path.resolve(import.meta.dirname, '../../../../../../models');

describe.each(['SIFT', 'ORB', 'AKAZE'] as const)('%s', (name) => {
  let detector: Detector;
  beforeAll(async () => {
    detector = await createFeaturePipeline(name, { modelsDirectory, maxFeatures: 300 });
  });
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
      // ORB's coarsest level has pixels of 3.6 pixels.
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
    expect(descriptors.kind).toBe(name === 'SIFT' ? 'float' : 'binary');
    const width = descriptors.kind === 'binary' ? descriptors.bytes : descriptors.width;
    expect(width % 4).toBe(0);
    expect(descriptors.data.length).toBe(count * width);
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

describe('createFeaturePipeline', () => {
  it('answers in the order of the questions, from several threads', async () => {
    const detector = await createFeaturePipeline('orb', { modelsDirectory, threads: 2 });
    const images = [0, 10, 20, 30, 40].map((dx) => rectangles(160, 120, [dx, 0]));
    const together = await Promise.all(images.map((image) => detector.detect(image)));
    for (const [k, image] of images.entries()) expect(together[k]).toEqual(await detector.detect(image));
    await detector.close();
  });

  it('does not grow with the number of frames', async () => {
    const detector = await createFeaturePipeline('ORB', { modelsDirectory });
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
    const detector = await createFeaturePipeline('ORB', { modelsDirectory });
    const open = detector.detect(rectangles(320, 240));
    const closed = detector.close();
    await expect(open).rejects.toMatchObject({ code: 'FRONT_END_FAILED' });
    await closed;
    await detector.close();
    await expect(detector.detect(flat(64, 64, 0))).rejects.toThrow(/closed/);
  });

  it('says which detectors there are when asked for another', async () => {
    await expect(createFeaturePipeline('EYES', { modelsDirectory })).rejects.toMatchObject({
      code: 'DETECTOR_NOT_AVAILABLE',
      kind: 'invalid',
      message: expect.stringContaining('SIFT, ORB, AKAZE'),
    });
    expect(await availableDetectors(modelsDirectory)).toEqual(['SIFT', 'ORB', 'AKAZE']);
    expect(await availableDetectors('/nowhere')).toEqual(['SIFT', 'ORB', 'AKAZE']);
  });
});
