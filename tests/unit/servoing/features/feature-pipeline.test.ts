import path from 'node:path';
import { findCorrespondences } from '../../../../src/vision/features/correspondences.js';
import { OrbExtractor } from '../../../../src/vision/features/orb/orb-extraction.js';
import { createFeaturePipeline } from '../../../../src/servoing/features/detectors/registry.js';
import type { FeaturePipeline } from '../../../../src/servoing/features/feature-pipeline.js';
import { flat, rectangles, spotMap, spotsSeen } from '../../vision/features/test-images.js';
import type { Image } from '../../../../src/vision/image/image.js';

const modelsDirectory = path.resolve(import.meta.dirname, '../../../../../models');
const MAX_FEATURES = 300;

let featurePipeline: FeaturePipeline;
const start = async (threads: number): Promise<void> => {
  featurePipeline = await createFeaturePipeline('ORB', {
    modelsDirectory,
    maxFeatures: MAX_FEATURES,
    threads,
  });
};
afterEach(() => featurePipeline.close());

/** An image whose buffer may be handed over. */
const own = ({ width, height, data }: Image) => ({ width, height, data: Uint8Array.from(data) });
const shifted = (pixels: number): Image => rectangles(320, 240, [pixels, 0]);

describe('tracking on threads', () => {
  it('finds what this thread would find, several images at once', async () => {
    await start(2);
    const extractor = new OrbExtractor(MAX_FEATURES);
    const goal = extractor.extract(shifted(0));
    await featurePipeline.setGoal(goal);
    const shifts = [3, 9, 1, 14, 5];
    const tracked = await Promise.all(shifts.map((pixels) => featurePipeline.track(own(shifted(pixels)))));
    tracked.forEach(({ found, keypoints, detectMs, matchMs }, k) => {
      const features = extractor.extract(shifted(shifts[k]));
      expect(found).toEqual(findCorrespondences(goal, features));
      expect(found.inlierCount).toBeGreaterThan(60);
      expect(keypoints).toBe(features.count);
      expect(detectMs).toBeGreaterThan(0);
      expect(matchMs).toBeGreaterThan(0);
    });
  });

  it('aligns the patches of the goal with the image, whatever the number of threads', async () => {
    const view = { degrees: 12, scale: 1.1, shift: [4.4, -2.7] } as const;
    const { place } = spotMap(view, { width: 320, height: 240 });
    const trackAll = async (threads: number) => {
      await start(threads);
      const goal = await featurePipeline.detect(spotsSeen(320, 240));
      await featurePipeline.setGoal(goal);
      const images = [0, 1, 2].map(() => own(spotsSeen(320, 240, view)));
      const tracked = await Promise.all(images.map((image) => featurePipeline.track(image)));
      if (threads > 1) await featurePipeline.close();
      return { goal, found: tracked.map(({ found }) => found) };
    };
    const { found: onTwo } = await trackAll(2);
    const { goal, found } = await trackAll(1);
    expect(onTwo).toEqual(found);
    const detected = findCorrespondences(
      goal,
      new OrbExtractor(MAX_FEATURES).extract(spotsSeen(320, 240, view)),
    );
    const rows = [...Array(goal.count).keys()].filter((row) => found[0].visible[row] === 1);
    const errorOf = (cur: Float32Array): number => {
      const errors = rows.map((row) => {
        const [x, y] = place(goal.points[2 * row], goal.points[2 * row + 1]);
        return Math.hypot(cur[2 * row] - x, cur[2 * row + 1] - y);
      });
      return errors.sort((a, b) => a - b)[rows.length >> 1];
    };
    expect(rows.length).toBeGreaterThan(40);
    expect(errorOf(detected.cur)).toBeGreaterThan(0.2);
    expect(errorOf(found[0].cur)).toBeLessThan(0.06);
  });

  it('takes the image over instead of copying it', async () => {
    await start(1);
    await featurePipeline.setGoal(await featurePipeline.detect(shifted(0)));
    const image = own(shifted(2));
    const open = featurePipeline.track(image);
    expect(image.data).toHaveLength(0);
    await open;
  });

  it('looks for the goal that was set last, on every thread', async () => {
    await start(2);
    await featurePipeline.setGoal(await featurePipeline.detect(shifted(0)));
    await featurePipeline.setGoal(await featurePipeline.detect(flat(320, 240, 128)));
    const tracked = await Promise.all([1, 2, 3, 4].map(() => featurePipeline.track(own(shifted(0)))));
    for (const { found } of tracked) expect(found.lost).not.toBeNull();
  });

  it('says when there is no goal yet, and goes on with the next', async () => {
    await start(1);
    await expect(featurePipeline.track(own(shifted(0)))).rejects.toMatchObject({
      code: 'FRONT_END_FAILED',
      kind: 'internal',
    });
    await featurePipeline.setGoal(await featurePipeline.detect(shifted(0)));
    expect((await featurePipeline.track(own(shifted(2)))).found.lost).toBeNull();
  });

  it('refuses an image whose size and bytes differ', async () => {
    await start(1);
    const image = { ...own(shifted(0)), width: 321 };
    await expect(featurePipeline.track(image)).rejects.toMatchObject({ code: 'IMAGE_SIZE_MISMATCH' });
  });

  it('rejects what is open when it is closed, and what comes later', async () => {
    await start(1);
    await featurePipeline.setGoal(await featurePipeline.detect(shifted(0)));
    const outcome = expect(featurePipeline.track(own(shifted(1)))).rejects.toMatchObject({
      code: 'FRONT_END_FAILED',
    });
    await featurePipeline.close();
    await outcome;
    await expect(featurePipeline.track(own(shifted(1)))).rejects.toMatchObject({ code: 'FRONT_END_FAILED' });
  });
});
