import { takeRows } from '../../vision/features/feature-rows.js';
import type { Features } from '../../vision/features/types.js';
import type { Intrinsics } from '../../vision/geometry/camera.js';
import { undistort, type Distortion, type PlanePoint } from '../../vision/geometry/lens.js';

/** Lens distortion with the intrinsics of the analysed images, pixels. */
export interface LensView {
  readonly intrinsics: Intrinsics;
  readonly distortion: Distortion;
}

/**
 * Undistorts key points to the pinhole camera of the same intrinsics, before matching, because the geometric check has
 * no distortion model. Points without an undistorted position are dropped.
 * @param lens undefined for a pinhole camera: the features are returned unchanged
 * @returns with `seen`, the given points
 */
export function rectifyFeatures(features: Features, lens: LensView | undefined): Features {
  if (lens === undefined) return features;
  const points = new Float32Array(features.points.length);
  const kept: number[] = [];
  for (let row = 0; row < features.count; row++) {
    const point = rectifyPoint([features.points[2 * row], features.points[2 * row + 1]], lens);
    if (point === null) continue;
    points.set(point, 2 * row);
    kept.push(row);
  }
  const moved = { ...features, points, seen: features.points };
  return kept.length === features.count ? moved : takeRows(moved, kept);
}

/** As {@link rectifyFeatures}, for one place, pixels. @returns null without an undistorted position */
export function rectifyPoint(seen: PlanePoint, lens: LensView | undefined): PlanePoint | null {
  if (lens === undefined) return seen;
  const { fx, fy, cx, cy } = lens.intrinsics;
  const point = undistort(lens.distortion, [(seen[0] - cx) / fx, (seen[1] - cy) / fy]);
  return point === null ? null : [fx * point[0] + cx, fy * point[1] + cy];
}
