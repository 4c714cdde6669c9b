import { createSeededRandom } from '../../../../../src/vision/geometry/two-view/seeded-random.js';
import { verifyGeometry } from '../../../../../src/vision/geometry/two-view/verify-geometry.js';
import { gaussian, jaccard, makeTwoViews, type SceneOptions, type TwoViews } from '../two-view-scenes.js';

const scene = (options: Partial<SceneOptions>): TwoViews =>
  makeTwoViews({
    pairs: 400,
    wrong: 0.3,
    noise: 0.3,
    shape: 'depth',
    motion: 'general',
    seed: 1,
    ...options,
  });

const check = ({ goal, current }: TwoViews) => verifyGeometry(goal, current);

describe('verifyGeometry', () => {
  it.each([
    [0, 1],
    [0.3, 2],
    [0.3, 3],
    [0.5, 4],
    [0.5, 5],
  ])('finds the right pairs of a scene with depth among %d wrong ones (seed %i)', (wrong, seed) => {
    const views = scene({ wrong, seed });
    const result = check(views);
    expect(result.model).toBe('fundamental');
    // A wrong pair may lie near its epipolar line by chance: about one in a hundred does.
    expect(jaccard(result.inliers, views.truth)).toBeGreaterThanOrEqual(0.95);
    expect(result.inlierCount).toBe(result.inliers.reduce((sum, value) => sum + value, 0));
    expect(result.error).toBeLessThan(0.3);
  });

  it('finds the true epipolar geometry', () => {
    const result = check(scene({ wrong: 0.5, noise: 0.2, seed: 6 }));
    // Right pairs of the same cameras that the fit has not seen, without noise.
    const fresh = scene({ wrong: 0, noise: 0, seed: 60 });
    const f = result.matrix ?? new Float64Array(9);
    const errors = Array.from({ length: fresh.truth.length }, (_, i) => lineDistance(f, fresh, i)).sort(
      (a, b) => a - b,
    );
    expect(errors[Math.floor(0.9 * errors.length)]).toBeLessThan(0.5);
  });

  it.each([
    ['a plane', { shape: 'plane' }, 0.3],
    ['a plane', { shape: 'plane' }, 0.5],
    ['a camera that only turned', { motion: 'rotation' }, 0.3],
    ['a camera that only turned', { motion: 'rotation' }, 0.5],
  ] as const)('uses a homography for %s', (_, kind, wrong) => {
    for (let seed = 10; seed < 15; seed++) {
      const views = scene({ ...kind, wrong, seed });
      const result = check(views);
      expect(result.model).toBe('homography');
      expect(jaccard(result.inliers, views.truth)).toBeGreaterThanOrEqual(0.97);
    }
  });

  it('keeps what rises above a plane that holds most points', () => {
    for (let seed = 20; seed < 25; seed++) {
      const views = scene({ shape: 'planeAndSome', seed });
      const result = check(views);
      expect(result.model).toBe('fundamental');
      expect(jaccard(result.inliers, views.truth)).toBeGreaterThanOrEqual(0.95);
    }
  });

  it.each([0, 1])('has no model for pairs of which one image is mirrored (axis %i)', (axis) => {
    for (let seed = 40; seed < 45; seed++) {
      const { goal, current } = scene({ seed });
      const mirrored = current.map((value, k) => (k % 2 === axis ? 639 - value : value));
      expect(verifyGeometry(goal, mirrored)).toMatchObject({
        model: 'none',
        inlierCount: 0,
        isMirrored: true,
      });
      expect(verifyGeometry(goal, current)).toMatchObject({ model: 'fundamental', isMirrored: false });
    }
  });

  it('calls pairs without a common motion none', () => {
    const random = createSeededRandom(3);
    for (const count of [5, 8, 15, 40, 200]) {
      for (let trial = 0; trial < 4; trial++) {
        const pixels = (): Float32Array => Float32Array.from({ length: 2 * count }, () => random() * 480);
        const result = verifyGeometry(pixels(), pixels());
        expect(result).toMatchObject({ model: 'none', inlierCount: 0, error: null, matrix: null });
        expect([...result.inliers]).toEqual(new Array(count).fill(0));
      }
    }
  });

  it('needs no more than a dozen right pairs', () => {
    for (let seed = 30; seed < 35; seed++) {
      const views = scene({ pairs: 14, wrong: 0, seed });
      const result = check(views);
      expect(result.model).not.toBe('none');
      expect(result.inlierCount).toBeGreaterThanOrEqual(12);
    }
  });

  it.each([0, 1, 2, 3, 4])('answers none for %i pairs', (count) => {
    const points = Float32Array.from({ length: 2 * count }, (_, k) => 37 * k + (k % 3));
    expect(verifyGeometry(points, points)).toMatchObject({ model: 'none', inlierCount: 0 });
  });

  it('stays finite for points on one line, equal points and repeated points', () => {
    const random = createSeededRandom(9);
    const line = Float32Array.from({ length: 100 }, (_, k) => (k % 2 === 0 ? 3 : 2) * 5 * (k >> 1));
    const noisyLine = line.map((value) => value + 0.2 * gaussian(random));
    const equal = new Float32Array(100).fill(42);
    const { goal, current } = scene({ pairs: 12, wrong: 0 });
    const fourfold = (points: Float32Array): Float32Array =>
      Float32Array.from([...points, ...points, ...points, ...points]);
    for (const [a, b] of [
      [line, line],
      [line, noisyLine],
      [noisyLine, line],
      [equal, equal],
      [equal, line],
      [line, equal],
      [fourfold(goal), fourfold(current)],
    ]) {
      const result = verifyGeometry(a, b);
      expect(result.inliers.reduce((sum, value) => sum + value, 0)).toBe(result.inlierCount);
      expect(Number.isFinite(result.error ?? 0)).toBe(true);
      expect((result.matrix ?? new Float64Array(9)).every(Number.isFinite)).toBe(true);
    }
    expect(verifyGeometry(equal, equal).model).toBe('none');
  });

  it('does not count one corner that was matched many times as agreement', () => {
    const random = createSeededRandom(4);
    const corners = Float32Array.from({ length: 12 }, () => random() * 480);
    const elsewhere = Float32Array.from({ length: 12 }, () => random() * 480);
    const tenTimes = (points: Float32Array): Float32Array =>
      Float32Array.from({ length: 120 }, (_, k) => points[k % 12] + 0.6 * (random() - 0.5));
    expect(verifyGeometry(tenTimes(corners), tenTimes(elsewhere)).model).toBe('none');
  });

  it('gives the same answer each time', () => {
    const views = scene({ wrong: 0.5 });
    expect(check(views)).toEqual(check(views));
  });

  it('searches pairs of small descriptor distance first', () => {
    const views = scene({ pairs: 600, wrong: 0.8, seed: 8 });
    const random = createSeededRandom(5);
    const distances = Float32Array.from(views.truth, (right) => (right ? 30 : 50) + 10 * random());
    const result = verifyGeometry(views.goal, views.current, { distances, maxIterations: 300 });
    const kept = result.inliers.filter((value, i) => value === 1 && views.truth[i] === 1).length;
    expect(kept).toBeGreaterThan(0.9 * views.truth.filter((right) => right === 1).length);
  });
});

/** Distance in pixels of the current point to the epipolar line of its goal point. */
function lineDistance(f: Float64Array, { goal, current }: TwoViews, i: number): number {
  const [x, y, u, v] = [goal[2 * i], goal[2 * i + 1], current[2 * i], current[2 * i + 1]];
  const [a, b, c] = [0, 3, 6].map((r) => f[r] * x + f[r + 1] * y + f[r + 2]);
  return Math.abs(a * u + b * v + c) / Math.hypot(a, b);
}
