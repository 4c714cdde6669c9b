import { multiply } from '../geometry/rotation.js';

/**
 * A homography between two frames of the same size, row-major, in coordinates independent of the image size: the centre
 * is (0, 0) and half of the long side is 1.
 */
export type Warp = readonly [number, number, number, number, number, number, number, number, number];

/** The identity: no motion. */
export const STILL: Warp = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** Composition: applies `second`, then `first`. */
export function compose(first: Warp, second: Warp): Warp {
  return normalise(multiply(first, second));
}

/** Inverse of a warp. */
export function invert(warp: Warp): Warp {
  const [a, b, c, d, e, f, g, h, i] = warp;
  return normalise([
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ]);
}

function normalise(values: readonly number[]): Warp {
  const last = values[8];
  const [a, b, c, d, e, f, g, h] = values.map((value) => value / last);
  return [a, b, c, d, e, f, g, h, 1];
}

/** Conversion between pixels of an image and coordinates of a {@link Warp}. */
export interface Grid {
  readonly centreX: number;
  readonly centreY: number;
  readonly scale: number;
}

/** The grid of an image; pixel centres have integer coordinates. */
export function gridOf({ width, height }: { readonly width: number; readonly height: number }): Grid {
  return { centreX: (width - 1) / 2, centreY: (height - 1) / 2, scale: Math.max(width, height) / 2 };
}

/** Converts a warp to pixel coordinates of an image. */
export function inPixels(warp: Warp, { centreX, centreY, scale }: Grid): Warp {
  const toGrid: Warp = [1 / scale, 0, -centreX / scale, 0, 1 / scale, -centreY / scale, 0, 0, 1];
  const toPixels: Warp = [scale, 0, centreX, 0, scale, centreY, 0, 0, 1];
  return compose(toPixels, compose(warp, toGrid));
}
