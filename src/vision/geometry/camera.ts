import type { Vec3 } from './vector.js';

/**
 * Pinhole intrinsics in pixels of the image they belong to: `u = fx x/z + cx`, `v = fy y/z + cy`. The centre of the top
 * left pixel is (0, 0), as in OpenCV's key points.
 */
export interface Intrinsics {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
}

/**
 * Assumed focal length of an unknown camera, as a multiple of the image's longer side (62 degrees field of view along
 * it). Rotating the camera to portrait does not change the lens, so the longer side is used in both orientations.
 */
const DEFAULT_FOCAL_RATIO = 0.84;

/** Default intrinsics for an image of this size: square pixels, principal point in the middle. */
export function defaultIntrinsics(width: number, height: number): Intrinsics {
  const focal = DEFAULT_FOCAL_RATIO * Math.max(width, height);
  return { fx: focal, fy: focal, cx: width / 2, cy: height / 2 };
}

/** Projects a point in the camera frame (metres) to a pixel; `null` for points on or behind the camera plane. */
export function project(intrinsics: Intrinsics, [x, y, z]: Vec3): readonly [number, number] | null {
  if (z <= 0) return null;
  return [(intrinsics.fx * x) / z + intrinsics.cx, (intrinsics.fy * y) / z + intrinsics.cy];
}

/** Point in the camera frame (metres) that lies behind pixel (u, v) at `depth` metres along the optical axis. */
export function backProject(intrinsics: Intrinsics, [u, v]: readonly [number, number], depth: number): Vec3 {
  return [
    ((u - intrinsics.cx) / intrinsics.fx) * depth,
    ((v - intrinsics.cy) / intrinsics.fy) * depth,
    depth,
  ];
}
