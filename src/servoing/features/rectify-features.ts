import { takeRows } from '../../vision/features/feature-rows.js';
import type { Features } from '../../vision/features/types.js';
import type { Intrinsics } from '../../vision/geometry/camera.js';
import { undistort, type Distortion } from '../../vision/geometry/lens.js';

/** A lens and the pixels in which images through it are analysed. */
export interface LensView {
  readonly intrinsics: Intrinsics;
  readonly distortion: Distortion;
}

/**
 * Moves key points to where a pinhole camera of the same intrinsics has them, before anything is matched: the geometric
 * check knows no lens. Points that the lens shows from beyond what a plane can hold are left out.
 * @param lens without one the features stay as they are
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
