import type { Intrinsics } from '../geometry/camera.js';

/**
 * Intrinsics of the same camera after its image was scaled by `factorX` and `factorY`. Pixel coordinates count from
 * the centre of the top left pixel, so that the image's corner, at (-0.5, -0.5), is what stays in place.
 */
export function scaleIntrinsics(intrinsics: Intrinsics, factorX: number, factorY: number): Intrinsics {
  return {
    fx: intrinsics.fx * factorX,
    fy: intrinsics.fy * factorY,
    cx: (intrinsics.cx + 0.5) * factorX - 0.5,
    cy: (intrinsics.cy + 0.5) * factorY - 0.5,
  };
}

/**
 * Pixels on the plane one unit in front of an undistorted pinhole camera: x = (u - cx) / fx, y = (v - cy) / fy.
 * @param pixels `[n, 2]`
 * @param visible `[n]`, rows of 0 become (0, 0); without it every row counts
 */
export function toNormalisedPlane(
  pixels: Float32Array,
  intrinsics: Intrinsics,
  visible?: Float32Array,
): Float32Array {
  const { fx, fy, cx, cy } = intrinsics;
  const plane = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length / 2; i++) {
    if (visible !== undefined && visible[i] === 0) continue;
    plane[2 * i] = (pixels[2 * i] - cx) / fx;
    plane[2 * i + 1] = (pixels[2 * i + 1] - cy) / fy;
  }
  return plane;
}
