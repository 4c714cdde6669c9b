import path from 'node:path';
import { findCorrespondences } from '../../../../src/vision/features/correspondences.js';
import { OrbExtractor } from '../../../../src/vision/features/orb/orb-extraction.js';
import { createFeaturePipeline } from '../../../../src/servoing/features/detectors/registry.js';
import type { FeaturePipeline } from '../../../../src/servoing/features/feature-pipeline.js';
import { flat, rectangles } from '../../vision/features/test-images.js';
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
