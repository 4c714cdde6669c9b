import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { findCorrespondences } from '../../../src/inference/features/correspondences.js';
import { createSeededRandom } from '../../../src/inference/features/geometry/seeded-random.js';
import { GoalTracker } from '../../../src/inference/features/tracking/goal-tracker.js';
import type { Features } from '../../../src/inference/features/types.js';

/** Sixty points with random bit strings; `shift` moves all by that many pixels, `keep` points are kept. */
function features(shift: number, keep = 60): Features {
  const random = createSeededRandom(5);
  const points = Float32Array.from({ length: 120 }, () => 40 + 400 * random()).map((value) => value + shift);
  const data = Uint8Array.from({ length: 60 * 32 }, () => Math.floor(256 * random()));
  return {
    count: keep,
    points: points.slice(0, 2 * keep),
    scores: new Float32Array(keep).fill(1),
    sizes: new Float32Array(keep).fill(31),
    angles: new Float32Array(keep),
    descriptors: { kind: 'binary', bytes: 32, data: data.slice(0, 32 * keep) },
  };
}

const modelsDirectory = path.resolve(import.meta.dirname, '../../../../models');
const track = (goal: Features, threads: number) => new GoalTracker({ goal, threads, modelsDirectory });

let tracker: GoalTracker;
afterEach(() => tracker.close());

describe('tracking on threads', () => {
  it('finds what the same thread would find, several frames at once', async () => {
    const goal = features(0);
    tracker = track(goal, 2);
    const shifts = [3, 9, 1, 27, 5];
    const tracked = await Promise.all(shifts.map((shift) => tracker.track(features(shift, 40))));
    tracked.forEach(({ found, keypoints, matchMs }, k) => {
      expect(found).toEqual(findCorrespondences(goal, features(shifts[k], 40)));
      expect(found.inlierCount).toBe(40);
      expect(keypoints).toBe(40);
      expect(matchMs).toBeGreaterThanOrEqual(0);
    });
  });

  it('takes arrays that share one buffer', async () => {
    tracker = track(features(0), 1);
    const { points, ...rest } = features(4);
    const shared = new Float32Array(200);
    shared.set(points, 10);
    const { found } = await tracker.track({ ...rest, points: shared.subarray(10, 130) });
    expect(found.inlierCount).toBe(60);
    expect(shared).toHaveLength(200);
  });

  it('says when a frame cannot be matched, and goes on with the next', async () => {
    tracker = track(features(0), 1);
    const { descriptors, ...rest } = features(2);
    const otherKind = { ...rest, descriptors: { ...descriptors, bytes: 64 } } as Features;
    await expect(tracker.track(otherKind)).rejects.toMatchObject({
      code: 'MATCHING_FAILED',
      kind: 'internal',
    });
    expect((await tracker.track(features(2))).found.lost).toBeNull();
  });

  it('rejects what is open when it is closed, and what comes later', async () => {
    tracker = track(features(0), 1);
    const open = tracker.track(features(1));
    const outcome = expect(open).rejects.toMatchObject({ code: 'MATCHING_FAILED' });
    await tracker.close();
    await outcome;
    await expect(tracker.track(features(1))).rejects.toMatchObject({ code: 'MATCHING_FAILED' });
  });
});
