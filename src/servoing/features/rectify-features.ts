import { takeRows } from '../../vision/features/feature-rows.js';
import type { Features } from '../../vision/features/types.js';
import type { Intrinsics } from '../../vision/geometry/camera.js';
import { undistort, type Distortion } from '../../vision/geometry/lens.js';

/** Lens distortion with the intrinsics of the analysed images, pixels. */
export interface LensView {
  readonly intrinsics: Intrinsics;
  readonly distortion: Distortion;
}

/**
 * Undistorts key points to the pinhole camera of the same intrinsics, before matching, because the geometric check has
 * no distortion model. Points without an undistorted position are dropped.
 * @param lens undefined for a pinhole camera: the features are returned unchanged
 */
export function rectifyFeatures(features: Features, lens: LensView | undefined): Features {
  if (lens === undefined) return features;
  const { fx, fy, cx, cy } = lens.intrinsics;
  const points = new Float32Array(features.points.length);
  const kept: number[] = [];
  for (let row = 0; row < features.count; row++) {
    const seen = [(features.points[2 * row] - cx) / fx, (features.points[2 * row + 1] - cy) / fy] as const;
    const point = undistort(lens.distortion, seen);
    if (point === null) continue;
    points[2 * row] = fx * point[0] + cx;
    points[2 * row + 1] = fy * point[1] + cy;
    kept.push(row);
  }
  const moved = { ...features, points };
  return kept.length === features.count ? moved : takeRows(moved, kept);
}
