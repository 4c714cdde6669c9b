import type { Box } from './box.js';
import type { Size } from './image.js';

/**
 * The missing part of an image, one byte per pixel: 0 is known and {@link HOLE} is hole; no other values. Masks from
 * outside are converted to this when read; networks with another convention declare it in their manifests.
 */
export interface Mask extends Size {
  readonly data: Uint8Array;
}

/** Value of a hole pixel: white, as masks are painted and stored. */
export const HOLE = 255;

/** Swaps known and hole pixels. */
export function inverted({ width, height, data }: Mask): Mask {
  return { width, height, data: data.map((value) => (value > 0 ? 0 : HOLE)) };
}

/** Marks everything inside a box as known, in place. */
export function clearBox({ width, data }: Mask, box: Box): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    const start = y * width + box.left;
    data.fill(0, start, start + box.width);
  }
}

/** Marks everything inside a box as hole, in place. */
export function markBox({ width, data }: Mask, box: Box): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    const start = y * width + box.left;
    data.fill(HOLE, start, start + box.width);
  }
}

/** Bounding box of the hole pixels; `null` when there are none. */
export function boundsOf({ width, height, data }: Mask): Box | null {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(HOLE);
    if (first === -1) continue;
    if (top === -1) top = y;
    bottom = y;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf(HOLE));
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Number of hole pixels. */
export function countHoles(data: Uint8Array): number {
  let count = 0;
  for (const value of data) if (value > 0) count += 1;
  return count;
}
