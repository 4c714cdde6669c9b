import type { Box } from './box.js';
import type { Size } from './image.js';

/**
 * What is missing in an image: one byte a pixel, 0 is known and {@link HOLE} is hole, and nothing else. Everything that
 * reads a mask from outside makes it so; networks that want it otherwise say how in their manifests.
 */
export interface Mask extends Size {
  readonly data: Uint8Array;
}

/** A hole pixel: white, as masks are painted and stored. */
export const HOLE = 255;

/** What is known as hole, and the other way round. */
export function inverted({ width, height, data }: Mask): Mask {
  return { width, height, data: data.map((value) => (value > 0 ? 0 : HOLE)) };
}

/** Makes everything inside a box known; in place. */
export function clearBox({ width, data }: Mask, box: Box): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    const start = y * width + box.left;
    data.fill(0, start, start + box.width);
  }
}

/** Makes everything inside a box hole; in place. */
export function markBox({ width, data }: Mask, box: Box): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    const start = y * width + box.left;
    data.fill(HOLE, start, start + box.width);
  }
}

/** The smallest box around a hole; null without any hole pixel. */
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
