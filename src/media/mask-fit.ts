import type { Image, Size } from '../vision/image/image.js';

/**
 * Scales a mask, each axis on its own: a pixel is hole if it overlaps a hole pixel of the mask, so that thin lines
 * remain. Integer arithmetic, hence exact.
 * @param mask one byte per pixel: 255 hole, 0 known
 */
export function fitMask(mask: Image, { width, height }: Size): Uint8Array {
  const rows = new Uint8Array(width * mask.height);
  const columnsOf = overlaps(mask.width, width);
  for (let row = 0; row < mask.height; row += 1)
    for (let column = 0; column < width; column += 1) {
      const [from, end] = columnsOf(column);
      if (mask.data.subarray(row * mask.width + from, row * mask.width + end).includes(255))
        rows[row * width + column] = 255;
    }
  const fitted = new Uint8Array(width * height);
  const rowsOf = overlaps(mask.height, height);
  for (let row = 0; row < height; row += 1) {
    const [from, end] = rowsOf(row);
    for (let other = from; other < end; other += 1)
      for (let column = 0; column < width; column += 1)
        if (rows[other * width + column] > 0) fitted[row * width + column] = 255;
  }
  return fitted;
}

/** The pixels of a side of `source` pixels that each pixel of a side of `target` pixels overlaps, end exclusive. */
const overlaps =
  (source: number, target: number) =>
  (at: number): readonly [from: number, end: number] => [
    Math.floor((at * source) / target),
    Math.ceil(((at + 1) * source) / target),
  ];
