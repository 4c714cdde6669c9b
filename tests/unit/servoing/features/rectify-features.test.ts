import { rectifyFeatures, rectifyPoint } from '../../../../src/servoing/features/rectify-features.js';
import { distort } from '../../../../src/vision/geometry/lens.js';
import type { Features } from '../../../../src/vision/features/types.js';

const distortion = { model: 'plumb_bob', coefficients: [-0.28, 0.09] } as const;
const lens = { intrinsics: { fx: 400, fy: 400, cx: 240, cy: 180 }, distortion };

/** The image of a place of the undistorted image. */
function bent([u, v]: readonly [number, number]): readonly [number, number] {
  const [x, y] = distort(distortion, [(u - 240) / 400, (v - 180) / 400]);
  return [400 * x + 240, 400 * y + 180];
}

const PLACES = [
  [240, 180],
  [30, 20],
  [450, 340],
] as const;
/** The second point is so far outside that no ray of the lens ends there. */
const seen = Float32Array.from([...bent(PLACES[0]), 4e5, 4e5, ...bent(PLACES[1]), ...bent(PLACES[2])]);
const features: Features = {
  count: 4,
  points: seen,
  scores: Float32Array.of(1, 2, 3, 4),
  sizes: new Float32Array(4).fill(31),
  angles: new Float32Array(4),
  descriptors: { kind: 'binary', bytes: 1, data: Uint8Array.of(1, 2, 3, 4) },
  patches: { bytes: 2, data: Uint8Array.of(1, 1, 2, 2, 3, 3, 4, 4) },
};

describe('rectified features', () => {
  it('are where a pinhole camera has them, and know where the image shows them', () => {
    const rectified = rectifyFeatures(features, lens);
    PLACES.flat().forEach((value, k) => expect(rectified.points[k]).toBeCloseTo(value, 3));
    expect(rectified.seen).toEqual(seen.filter((_, k) => k < 2 || k > 3));
    expect(rectified.patches?.data).toEqual(Uint8Array.of(1, 1, 3, 3, 4, 4));
    expect(rectified.scores).toEqual(Float32Array.of(1, 3, 4));
  });

  it('are the given ones without a lens', () => {
    expect(rectifyFeatures(features, undefined)).toBe(features);
  });

  it('a place is rectified as a point is', () => {
    const [x, y] = rectifyPoint(bent(PLACES[1]), lens) ?? [];
    expect([x, y].map((value) => Math.round(value ?? NaN))).toEqual([30, 20]);
    expect(rectifyPoint([4e5, 4e5], lens)).toBeNull();
    expect(rectifyPoint([5, 6], undefined)).toEqual([5, 6]);
  });
});
