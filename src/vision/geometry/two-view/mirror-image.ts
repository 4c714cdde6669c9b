import type { PointPairs } from './point-pairs.js';

/** Product of the canonical correlations above which pairs may show the scene itself; from far aside it comes near 0. */
const MOST = -0.5;

/**
 * Whether the pairs show the scene in a mirror. The orthogonal map that brings the points of one image closest to those of
 * the other is a reflection when the determinant of their covariance is negative (Umeyama 1991, section II); divided by the
 * spread of both, it is the product of their canonical correlations, -1 for a mirrored image of a plane.
 * Cameras in front of a rigid scene never see it so, but epipolar models fit a mirror image as well as the image itself.
 * @param inliers `[n]` 1 for the pairs that count
 */
export function isMirrorImage({ count, data }: PointPairs, inliers: Uint8Array): boolean {
  const kept = Array.from({ length: count }, (_, i) => data.subarray(4 * i, 4 * i + 4)).filter(
    (_, i) => inliers[i] === 1,
  );
  const means = [0, 1, 2, 3].map((column) => kept.reduce((sum, row) => sum + row[column], 0) / kept.length);
  const covariance = (a: number, b: number): number =>
    kept.reduce((sum, row) => sum + (row[a] - means[a]) * (row[b] - means[b]), 0);
  const spread = (a: number, b: number): number =>
    covariance(a, a) * covariance(b, b) - covariance(a, b) ** 2;
  const determinant = covariance(0, 2) * covariance(1, 3) - covariance(0, 3) * covariance(1, 2);
  return determinant < MOST * Math.sqrt(Math.max(0, spread(0, 1) * spread(2, 3)));
}
