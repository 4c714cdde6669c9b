import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { selectGoalFeatures } from '../../../../src/vision/features/goal-selection.js';
import { scaleIntrinsics, toNormalisedPlane } from '../../../../src/vision/features/normalised-plane.js';
import { selectSpread } from '../../../../src/vision/features/spatial-selection.js';
import type { Features } from '../../../../src/vision/features/types.js';
import { defaultIntrinsics, project } from '../../../../src/vision/geometry/camera.js';

const image = { width: 640, height: 480 };

/** Nine tenths of the points are strong and in the left upper quarter, the others weak and anywhere. */
function lopsided(count: number): Features {
  const random = createSeededRandom(5);
  const strong = Array.from({ length: count }, (_, i) => i % 10 > 0);
  return {
    count,
    points: Float32Array.from(
      strong.flatMap((isStrong) =>
        isStrong ? [random() * 320, random() * 240] : [random() * 640, random() * 480],
      ),
    ),
    scores: Float32Array.from(strong, (isStrong) => random() + (isStrong ? 10 : 0)),
    sizes: Float32Array.from({ length: count }, (_, i) => i),
    angles: Float32Array.from({ length: count }, (_, i) => i % 360),
    descriptors: {
      kind: 'binary',
      bytes: 2,
      data: Uint8Array.from({ length: 2 * count }, (_, k) => (k >> 1) % 256),
    },
  };
}

describe('selectSpread', () => {
  it('leaves room for weak points where there are no strong ones', () => {
    const { points, scores } = lopsided(2000);
    const rows = selectSpread({ points, scores, ...image, limit: 512 });
    expect(rows.length).toBe(512);
    expect(new Set(rows).size).toBe(512);
    const elsewhere = rows.filter((i) => points[2 * i] > 320 || points[2 * i + 1] > 240).length;
    // The 512 best scores alone would hold none of them; there are about 150.
    expect(elsewhere).toBeGreaterThan(120);
  });

  it('prefers the best points of each part and orders by score', () => {
    const { points, scores } = lopsided(2000);
    const rows = selectSpread({ points, scores, ...image, limit: 512 });
    const kept = [...rows].map((i) => scores[i]);
    expect(kept).toEqual(kept.toSorted((a, b) => b - a));
    const best = scores.indexOf(Math.max(...scores));
    expect(rows[0]).toBe(best);
  });

  it('keeps all when they are few, and none of none', () => {
    expect([
      ...selectSpread({
        points: Float32Array.of(1, 1, 2, 2, 3, 3),
        scores: Float32Array.of(1, 3, 2),
        ...image,
        limit: 8,
      }),
    ]).toEqual([1, 2, 0]);
    expect(
      selectSpread({ points: new Float32Array(0), scores: new Float32Array(0), ...image, limit: 8 }).length,
    ).toBe(0);
  });
});

describe('selectGoalFeatures', () => {
  it('keeps at most 512 points with their own rows of everything', () => {
    const all = lopsided(2000);
    const goal = selectGoalFeatures(all, image);
    expect(goal.count).toBe(512);
    for (let k = 0; k < goal.count; k += 37) {
      const i = goal.sizes[k];
      expect(goal.scores[k]).toBe(all.scores[i]);
      expect(goal.angles[k]).toBe(i % 360);
      expect([...goal.points.subarray(2 * k, 2 * k + 2)]).toEqual([...all.points.subarray(2 * i, 2 * i + 2)]);
      expect([...goal.descriptors.data.subarray(2 * k, 2 * k + 2)]).toEqual([i % 256, i % 256]);
    }
  });
});

describe('normalised plane', () => {
  it('takes a projected point back to its direction, and hidden points to the origin', () => {
    const camera = defaultIntrinsics(640, 480);
    const [u, v] = project(camera, [0.3, -0.2, 2]) ?? [0, 0];
    const plane = toNormalisedPlane(Float32Array.of(u, v, 17, 4), camera, Float32Array.of(1, 0));
    expect(plane[0]).toBeCloseTo(0.15, 6);
    expect(plane[1]).toBeCloseTo(-0.1, 6);
    expect([plane[2], plane[3]]).toEqual([0, 0]);
  });

  it('does not depend on the working size', () => {
    const camera = { fx: 1500, fy: 1480, cx: 955, cy: 545 };
    const half = scaleIntrinsics(camera, 0.5, 0.5);
    // Halving joins pixels 2k and 2k+1 to pixel k: their common edge 2k + 0.5 becomes the centre k.
    const full = toNormalisedPlane(Float32Array.of(200.5, 100.5), camera);
    const small = toNormalisedPlane(Float32Array.of(100, 50), half);
    expect(small[0]).toBeCloseTo(full[0], 6);
    expect(small[1]).toBeCloseTo(full[1], 6);
  });
});
