import type { Vec3 } from './vector.js';

/**
 * Pinhole intrinsics in pixels of the image they belong to. The centre of the top left pixel has the coordinates
 * (0, 0), as in OpenCV's key points: `u = fx x/z + cx`, `v = fy y/z + cy`.
 */
export interface Intrinsics {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
}

/**
 * Focal length over the longer side of the image that is assumed for an unknown camera (62 degrees of view along
 * it). A camera held upright has the same lens, so a portrait image has the focal length of the landscape one.
 */
const DEFAULT_FOCAL_RATIO = 0.84;

/** Intrinsics to assume for an image of this size when none are given: square pixels, centre in the middle. */
export function defaultIntrinsics(width: number, height: number): Intrinsics {
  const focal = DEFAULT_FOCAL_RATIO * Math.max(width, height);
  return { fx: focal, fy: focal, cx: width / 2, cy: height / 2 };
}

/** Pixel of a point in the camera frame (metres); `null` for points on or behind the camera's plane. */
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
