import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { findCorrespondences } from '../../../../src/vision/features/correspondences.js';
import { OrbExtractor } from '../../../../src/vision/features/orb/orb-extraction.js';
import { createFrontEnd } from '../../../../src/servoing/features/detectors/registry.js';
import type { FrontEnd } from '../../../../src/servoing/features/front-end.js';
import { flat, rectangles } from '../../vision/features/test-pictures.js';
import type { Image } from '../../../../src/vision/image/image.js';

const modelsDirectory = path.resolve(import.meta.dirname, '../../../../../models');
const MAX_FEATURES = 300;

let frontEnd: FrontEnd;
const start = async (threads: number): Promise<void> => {
  frontEnd = await createFrontEnd('ORB', { modelsDirectory, maxFeatures: MAX_FEATURES, threads });
};
afterEach(() => frontEnd.close());

/** A picture whose buffer may be handed over. */
const own = ({ width, height, data }: Image) => ({ width, height, data: Uint8Array.from(data) });
const shifted = (pixels: number): Image => rectangles(320, 240, [pixels, 0]);

describe('tracking on threads', () => {
  it('finds what this thread would find, several pictures at once', async () => {
    await start(2);
    const extractor = new OrbExtractor(MAX_FEATURES);
    const goal = extractor.extract(shifted(0));
    await frontEnd.setGoal(goal);
    const shifts = [3, 9, 1, 14, 5];
    const tracked = await Promise.all(shifts.map((pixels) => frontEnd.track(own(shifted(pixels)))));
    tracked.forEach(({ found, keypoints, detectMs, matchMs }, k) => {
      const features = extractor.extract(shifted(shifts[k]));
      expect(found).toEqual(findCorrespondences(goal, features));
      expect(found.inlierCount).toBeGreaterThan(60);
      expect(keypoints).toBe(features.count);
      expect(detectMs).toBeGreaterThan(0);
      expect(matchMs).toBeGreaterThan(0);
    });
  });

  it('takes the picture over instead of copying it', async () => {
    await start(1);
    await frontEnd.setGoal(await frontEnd.detect(shifted(0)));
    const picture = own(shifted(2));
    const open = frontEnd.track(picture);
    expect(picture.data).toHaveLength(0);
    await open;
  });

  it('looks for the goal that was set last, on every thread', async () => {
    await start(2);
    await frontEnd.setGoal(await frontEnd.detect(shifted(0)));
    await frontEnd.setGoal(await frontEnd.detect(flat(320, 240, 128)));
    const tracked = await Promise.all([1, 2, 3, 4].map(() => frontEnd.track(own(shifted(0)))));
    for (const { found } of tracked) expect(found.lost).not.toBeNull();
  });

  it('says when there is no goal yet, and goes on with the next', async () => {
    await start(1);
    await expect(frontEnd.track(own(shifted(0)))).rejects.toMatchObject({
      code: 'FRONT_END_FAILED',
      kind: 'internal',
    });
    await frontEnd.setGoal(await frontEnd.detect(shifted(0)));
    expect((await frontEnd.track(own(shifted(2)))).found.lost).toBeNull();
  });

  it('refuses a picture whose size and bytes differ', async () => {
    await start(1);
    const picture = { ...own(shifted(0)), width: 321 };
    await expect(frontEnd.track(picture)).rejects.toMatchObject({ code: 'IMAGE_SIZE_MISMATCH' });
  });

  it('rejects what is open when it is closed, and what comes later', async () => {
    await start(1);
    await frontEnd.setGoal(await frontEnd.detect(shifted(0)));
    const outcome = expect(frontEnd.track(own(shifted(1)))).rejects.toMatchObject({
      code: 'FRONT_END_FAILED',
    });
    await frontEnd.close();
    await outcome;
    await expect(frontEnd.track(own(shifted(1)))).rejects.toMatchObject({ code: 'FRONT_END_FAILED' });
  });
});
