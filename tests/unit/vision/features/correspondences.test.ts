import { describe, expect, it } from '@jest/globals';
import { findCorrespondences } from '../../../../src/vision/features/correspondences.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import type { Features } from '../../../../src/vision/features/types.js';
import { makeTwoViews } from '../geometry/two-view-scenes.js';

const random = createSeededRandom(11);
const BYTES = 32;

function features(points: Float32Array, data: Uint8Array): Features {
  const count = points.length / 2;
  const column = (): Float32Array => new Float32Array(count);
  return {
    count,
    points,
    scores: column(),
    sizes: column(),
    angles: column(),
    descriptors: { kind: 'binary', bytes: BYTES, data },
  };
}

const randomRows = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * BYTES }, () => Math.floor(random() * 256));

/** A goal and a frame whose row `i` shows goal point `i`, except where `truth` says that it shows something else. */
function goalAndFrame(pairs: number, wrong: number) {
  const views = makeTwoViews({ pairs, wrong, noise: 0.3, shape: 'depth', motion: 'general', seed: 5 });
  const data = randomRows(pairs);
  return { ...views, goal: features(views.goal, data), frame: features(views.current, data) };
}

describe('findCorrespondences', () => {
  it('places right points, hides wrong ones and says how many', () => {
    const { goal, frame, truth } = goalAndFrame(200, 0.25);
    const found = findCorrespondences(goal, frame);
    expect(found).toMatchObject({ lost: null, model: 'fundamental' });
    expect(found.matches.count).toBe(200);
    const right = truth.reduce((sum, value) => sum + value, 0);
    expect(found.inlierCount).toBeGreaterThanOrEqual(0.95 * right);
    expect(found.visible.reduce((sum, value) => sum + value, 0)).toBe(found.inlierCount);
    let wronglyVisible = 0;
    for (let i = 0; i < 200; i++) {
      const place = [found.cur[2 * i], found.cur[2 * i + 1]];
      if (found.visible[i] === 0) expect(place).toEqual([0, 0]);
      else expect(place).toEqual([frame.points[2 * i], frame.points[2 * i + 1]]);
      if (found.visible[i] === 1 && truth[i] === 0) wronglyVisible++;
    }
    expect(wronglyVisible).toBeLessThanOrEqual(3);
  });

  it('keeps the goal order when the frame has another', () => {
    const { goal, frame } = goalAndFrame(60, 0);
    const order = [...Array(60).keys()].reverse();
    const points = Float32Array.from(order.flatMap((i) => [frame.points[2 * i], frame.points[2 * i + 1]]));
    const rows = Uint8Array.from(
      order.flatMap((i) => [...frame.descriptors.data.subarray(i * BYTES, (i + 1) * BYTES)]),
    );
    const found = findCorrespondences(goal, features(points, rows));
    const direct = findCorrespondences(goal, frame);
    expect(found.cur).toEqual(direct.cur);
    expect(found.visible).toEqual(direct.visible);
  });

  it.each([
    ['NO_KEYPOINTS', 0],
    ['TOO_FEW_MATCHES', 2],
  ])('says %s for a frame that shows %i goal points', (reason, shown) => {
    const { goal, frame } = goalAndFrame(50, 0);
    const part = features(
      frame.points.subarray(0, 2 * shown),
      frame.descriptors.data.subarray(0, shown * BYTES) as Uint8Array,
    );
    const found = findCorrespondences(goal, part);
    expect(found).toMatchObject({ lost: reason, inlierCount: 0, model: 'none', error: null });
    expect(found.cur).toEqual(new Float32Array(100));
    expect(found.visible).toEqual(new Float32Array(50));
  });

  it('says TOO_FEW_INLIERS when matches agree on nothing', () => {
    const { goal, frame } = goalAndFrame(40, 1);
    const found = findCorrespondences(goal, frame);
    expect(found.matches.count).toBe(40);
    expect(found).toMatchObject({ lost: 'TOO_FEW_INLIERS', inlierCount: 0 });
  });

  it('follows a goal of a few points without a geometric check', () => {
    const { goal, frame } = goalAndFrame(5, 0);
    expect(findCorrespondences(goal, frame)).toMatchObject({ lost: null, model: 'none', inlierCount: 5 });
    expect(findCorrespondences(goal, frame, { minInliers: 6 })).toMatchObject({ lost: 'TOO_FEW_INLIERS' });
  });
});
