import {
  findCorrespondences,
  LOOSE_RATIO,
  weakCorrespondences,
} from '../../../../src/vision/features/correspondences.js';
import { matchFeatures } from '../../../../src/vision/features/matcher.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import type { Features } from '../../../../src/vision/features/types.js';
import { makeTwoViews } from '../geometry/two-view-scenes.js';

const random = createSeededRandom(11);
const BYTES = 32;

function features(
  points: Float32Array,
  data: Uint8Array,
  { size = 10, angle = 0 }: { size?: number; angle?: number } = {},
): Features {
  const count = points.length / 2;
  const column = (value = 0): Float32Array => new Float32Array(count).fill(value);
  return {
    count,
    points,
    scores: column(),
    sizes: column(size),
    angles: column(angle),
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

  it('says MIRROR_IMAGE for a mirrored frame, which has no second chance', () => {
    const { goal, frame } = goalAndFrame(100, 0.2);
    const points = frame.points.map((value, k) => (k % 2 === 0 ? 639 - value : value));
    const mirrored = { ...frame, points };
    const lost = findCorrespondences(goal, mirrored);
    expect(lost).toMatchObject({ lost: 'MIRROR_IMAGE', inlierCount: 0, model: 'none', candidates: null });
    const loose = matchFeatures(goal, mirrored, LOOSE_RATIO);
    expect(weakCorrespondences(goal, mirrored, { loose, lost })).toBe(lost);
  });

  it('follows a goal of a few points without a geometric check', () => {
    const { goal, frame } = goalAndFrame(5, 0);
    expect(findCorrespondences(goal, frame)).toMatchObject({ lost: null, model: 'none', inlierCount: 5 });
    expect(findCorrespondences(goal, frame, { minInliers: 6 })).toMatchObject({ lost: 'TOO_FEW_INLIERS' });
  });
});

describe('weakCorrespondences', () => {
  const TURN = 30;
  const [cos, sin] = [Math.cos((TURN * Math.PI) / 180), Math.sin((TURN * Math.PI) / 180)];

  /**
   * A goal of 200 points and a frame that shows `shown` of them turned and grown by a half, each up to 25 pixels off, as
   * parallax moves them; all other key points of the frame are unrelated.
   */
  function turnedFrame(shown: number, { angle = TURN, size = 15 } = {}) {
    const draw = createSeededRandom(5);
    const spread = (count: number, width: number, height: number): Float32Array =>
      Float32Array.from({ length: 2 * count }, (_, k) => draw() * (k % 2 === 0 ? width : height));
    const goalPoints = spread(200, 400, 300);
    const place = (k: number): readonly number[] => {
      const [x, y] = [goalPoints[2 * k] - 200, goalPoints[2 * k + 1] - 150];
      const off = (): number => 50 * (draw() - 0.5);
      return [320 + 1.5 * (cos * x - sin * y) + off(), 240 + 1.5 * (sin * x + cos * y) + off()];
    };
    const framePoints = spread(200, 640, 480);
    for (let k = 0; k < shown; k++) framePoints.set(place(k), 2 * k);
    const rows = (): Uint8Array => Uint8Array.from({ length: 200 * BYTES }, () => Math.floor(draw() * 256));
    const [data, frameData] = [rows(), rows()];
    frameData.set(data.subarray(0, shown * BYTES));
    const goal = features(goalPoints, data);
    return { goal, frame: features(framePoints, frameData, { angle, size }) };
  }

  const secondChance = ({ goal, frame }: ReturnType<typeof turnedFrame>) =>
    weakCorrespondences(goal, frame, {
      loose: matchFeatures(goal, frame, LOOSE_RATIO),
      lost: findCorrespondences(goal, frame),
    });

  it('finds the points of a frame that no rigid motion verifies', () => {
    const given = turnedFrame(12);
    expect(findCorrespondences(given.goal, given.frame).lost).toBe('TOO_FEW_INLIERS');
    const found = secondChance(given);
    expect(found).toMatchObject({ lost: null, weak: 'TOO_FEW_INLIERS', model: 'none' });
    const seen = [...found.visible.keys()].filter((row) => found.visible[row] === 1);
    expect(seen.filter((row) => row < 12).length).toBeGreaterThanOrEqual(10);
    expect(seen.length).toBe(found.inlierCount);
    expect(seen.filter((row) => row >= 12).length).toBeLessThanOrEqual(2);
    const right = (row: number): boolean => found.cur[2 * row] === given.frame.points[2 * row];
    expect(seen.filter((row) => row < 12 && right(row)).length).toBeGreaterThanOrEqual(10);
  });

  it('does the same for detectors without orientations and sizes', () => {
    const given = turnedFrame(30, { angle: -1, size: 0 });
    expect(findCorrespondences(given.goal, given.frame).lost).toBe('TOO_FEW_INLIERS');
    const found = secondChance(given);
    expect(found.weak).toBe('TOO_FEW_INLIERS');
    expect(found.visible.subarray(0, 30).reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(24);
  });

  it('leaves a verified frame and a frame without key points as they are', () => {
    const { goal, frame } = goalAndFrame(60, 0);
    const verified = findCorrespondences(goal, frame);
    const loose = matchFeatures(goal, frame, LOOSE_RATIO);
    expect(weakCorrespondences(goal, frame, { loose, lost: verified })).toBe(verified);
    const nothing = features(new Float32Array(0), new Uint8Array(0));
    const lost = findCorrespondences(goal, nothing);
    expect(weakCorrespondences(goal, nothing, { loose: matchFeatures(goal, nothing), lost })).toBe(lost);
  });
});
