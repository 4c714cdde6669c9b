import { essentialOf } from '../../../../../src/vision/geometry/pose/epipolar-error.js';
import { decomposeEssential } from '../../../../../src/vision/geometry/pose/essential-decomposition.js';
import { decomposeHomography } from '../../../../../src/vision/geometry/pose/homography-decomposition.js';
import { placeAt, rayOf, type RelativeView } from '../../../../../src/vision/geometry/pose/relative-view.js';
import { inverseDepth } from '../../../../../src/vision/geometry/pose/triangulation.js';
import { fromRotationVector, type Mat3 } from '../../../../../src/vision/geometry/rotation.js';
import { symmetricEigen3 } from '../../../../../src/vision/geometry/symmetric-eigen3.js';
import { dot, length, normalise, type Vec3 } from '../../../../../src/vision/geometry/vector.js';

const rotation = fromRotationVector([0.2, -0.3, 0.9]);
const unit = normalise([0.5, -0.2, 0.4]);

const gap = (a: readonly number[], b: readonly number[]): number => length(a.map((value, i) => value - b[i]));

describe('eigenvectors of a symmetric matrix', () => {
  it('are those that the matrix was made of', () => {
    const axes = fromRotationVector([0.4, 1.1, -0.6]);
    const axis = (k: number): Vec3 => [axes[k], axes[3 + k], axes[6 + k]];
    const made = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((at) =>
      [5, 2, -1].reduce((sum, value, k) => sum + value * axis(k)[Math.floor(at / 3)] * axis(k)[at % 3], 0),
    );
    const [a, b, c, d, e, f, g, h, i] = made;
    const { values, vectors } = symmetricEigen3([a, b, c, d, e, f, g, h, i]);
    expect(gap(values, [5, 2, -1])).toBeLessThan(1e-12);
    vectors.forEach((vector, k) => expect(Math.abs(dot(vector, axis(k)))).toBeCloseTo(1, 12));
  });

  it('of equal eigenvalues still form a frame', () => {
    const { vectors } = symmetricEigen3([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(vectors.map((vector) => length(vector))).toEqual([1, 1, 1]);
  });
});

describe('essential matrix', () => {
  it('gives the view that it was made of, its mirror images, and unit translations', () => {
    const views = decomposeEssential(essentialOf({ rotation, translation: unit }));
    expect(views).toHaveLength(4);
    const best = Math.min(...views.map((view) => gap(view.rotation, rotation) + gap(view.translation, unit)));
    expect(best).toBeLessThan(1e-12);
    for (const { translation } of views) expect(length(translation)).toBeCloseTo(1, 12);
  });

  it('places a point at its depth', () => {
    const view: RelativeView = { rotation, translation: unit };
    const goal = Float32Array.of(0.25, -0.5);
    for (const depth of [0.5, 2, 40]) {
      const [x, y, z] = placeAt(view, rayOf(goal, 0), depth);
      const current = Float32Array.of(x / z, y / z);
      expect(1 / inverseDepth(view, { goal, current }, 0)).toBeCloseTo(depth, depth > 10 ? 2 : 5);
    }
  });
});

describe('homography of a plane', () => {
  const normal = normalise([0.2, -0.1, 1]);
  const homography = (t: Vec3): Mat3 => {
    const at = (k: number): number => rotation[k] + t[Math.floor(k / 3)] * normal[k % 3];
    return [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8)];
  };

  it.each([
    [[0.3, -0.2, 0.1], 1],
    [[0.3, -0.2, 0.1], 7],
    [[-0.01, 0.004, 0.02], 1],
  ] as const)('gives rotation, translation and normal for t = %p and any scale %d', (t, factor) => {
    const [a, b, c, d, e, f, g, h, i] = homography(t).map((value) => factor * value);
    const views = decomposeHomography([a, b, c, d, e, f, g, h, i]);
    expect(views).toHaveLength(4);
    const best = Math.min(
      ...views.map((v) => gap(v.rotation, rotation) + gap(v.translation, t) + gap(v.normal, normal)),
    );
    expect(best).toBeLessThan(1e-9);
    // Every answer makes the same homography.
    for (const view of views) {
      const made = view.rotation.map((r, k) => r + view.translation[Math.floor(k / 3)] * view.normal[k % 3]);
      expect(gap(made, homography(t))).toBeLessThan(1e-9);
    }
  });

  it('of a camera that only turned has no translation', () => {
    const [view] = decomposeHomography(rotation);
    expect(gap(view.rotation, rotation)).toBeLessThan(1e-12);
    expect(length(view.translation)).toBeLessThan(1e-6);
  });
});
