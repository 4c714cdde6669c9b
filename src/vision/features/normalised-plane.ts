import type { Intrinsics } from '../geometry/camera.js';

/**
 * Intrinsics of the same camera after its image was scaled by `factorX` and `factorY`. Pixel coordinates are measured
 * from the centre of the top left pixel, so the fixed point of the scaling is the image corner at (-0.5, -0.5).
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
 * Projects pixels to the plane at depth 1 of an undistorted pinhole camera: x = (u - cx) / fx, y = (v - cy) / fy.
 * @param pixels `[n, 2]`
 * @param visible `[n]`; rows with 0 become (0, 0). By default every row is visible
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
