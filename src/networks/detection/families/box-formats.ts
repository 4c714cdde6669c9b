import type { InputSize } from '../head.js';

/** Corners in pixels of the input: left, top, right, bottom. */
export type Corners = readonly [number, number, number, number];

/** Order of a box's four numbers. */
export type BoxFormat = 'xyxy' | 'yxyx' | 'cxcywh';

/** Converts a box to corners, in the same unit. */
export function toCorners(format: BoxFormat, [a, b, c, d]: Corners): Corners {
  if (format === 'xyxy') return [a, b, c, d];
  if (format === 'yxyx') return [b, a, d, c];
  return [a - c / 2, b - d / 2, a + c / 2, b + d / 2];
}

/** Converts corners to pixels of the input. */
export function toPixels(
  [left, top, right, bottom]: Corners,
  coordinates: 'pixels' | 'normalised',
  { width, height }: InputSize,
): Corners {
  return coordinates === 'pixels'
    ? [left, top, right, bottom]
    : [left * width, top * height, right * width, bottom * height];
}
