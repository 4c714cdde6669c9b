import { LastView } from '../../../src/servoing/last-view.js';
import type { Correspondences } from '../../../src/vision/features/correspondences.js';
import { createSeededRandom } from '../../../src/vision/geometry/two-view/seeded-random.js';

const COUNT = 60;
const random = createSeededRandom(9);
const anywhere = (): number[] => [640 * random(), 480 * random()];
const points = Float32Array.from(Array.from({ length: COUNT }, anywhere).flat());
const rows = Int32Array.from({ length: COUNT }, (_, k) => k);

/** The goal's points moved by `shift` pixels to the right. */
const seen = (shift: number): Correspondences => ({
  cur: points.map((value, k) => value + (k % 2 === 0 ? shift : 0)),
  visible: new Float32Array(COUNT).fill(1),
  matches: { count: COUNT, goalIndex: rows, currentIndex: rows, distances: new Float32Array(COUNT) },
  inliers: new Uint8Array(COUNT).fill(1),
  inlierCount: COUNT,
  model: 'homography',
  error: 0,
  lost: null,
  weak: null,
  candidates: null,
});

/** A lost frame with 20 matches, of which the first `right` lie `shift` pixels to the right and the others anywhere. */
function lost(right: number, shift: number): Correspondences {
  const goalIndex = Int32Array.from({ length: 20 }, (_, k) => 3 * k);
  const candidates = Float32Array.from(
    [...goalIndex].flatMap((row, k) =>
      k < right ? [points[2 * row] + shift, points[2 * row + 1]] : anywhere(),
    ),
  );
  return {
    ...seen(0),
    cur: new Float32Array(2 * COUNT),
    visible: new Float32Array(COUNT),
    matches: { count: 20, goalIndex, currentIndex: goalIndex, distances: new Float32Array(20) },
    inliers: new Uint8Array(20),
    inlierCount: 0,
    model: 'none',
    error: null,
    lost: 'TOO_FEW_INLIERS',
    candidates,
  };
}

describe('the last view of the goal', () => {
  const remembering = (): LastView => {
    const view = new LastView({ points, frameArea: 640 * 480 });
    view.remember(seen(100), 4);
    return view;
  };

  it('makes matches near their last places likely', () => {
    const frame = lost(14, 130);
    const found = remembering().secondLook(frame, 4.1);
    expect(found).toMatchObject({ lost: null, weak: 'TOO_FEW_INLIERS', model: 'none' });
    expect(found.inlierCount).toBeGreaterThanOrEqual(14);
    for (let k = 0; k < 14; k++) {
      expect(found.visible[3 * k]).toBe(1);
      expect(found.cur[6 * k]).toBeCloseTo(points[6 * k] + 130, 3);
    }
    expect(found.visible.reduce((sum, one) => sum + one, 0)).toBe(found.inlierCount);
  });

  it('leaves unrelated matches lost, and what comes too late or first', () => {
    const unrelated = lost(0, 0);
    expect(remembering().secondLook(unrelated, 4.1)).toBe(unrelated);
    const frame = lost(14, 130);
    expect(remembering().secondLook(frame, 5.2)).toBe(frame);
    expect(new LastView({ points, frameArea: 640 * 480 }).secondLook(frame, 0)).toBe(frame);
  });
});
