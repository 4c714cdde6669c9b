import type { Image } from '../../../src/vision/image/image.js';
import { HOLE, type Mask } from '../../../src/vision/image/mask.js';
import type { Box } from '../../../src/vision/image/box.js';

/** An image from a rule; values are rounded and clamped to bytes. */
export function paint(
  width: number,
  height: number,
  colour: (x: number, y: number) => readonly [number, number, number],
): Image {
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}

/** A hole made of boxes. */
export function holeOf(width: number, height: number, ...boxes: readonly Box[]): Mask {
  const data = new Uint8Array(width * height);
  for (const box of boxes) {
    for (let y = box.top; y < box.top + box.height; y++) {
      data.fill(HOLE, y * width + box.left, y * width + box.left + box.width);
    }
  }
  return { width, height, data };
}

/** The image with nonsense where the hole is, so that nothing can be read off it. */
export function spoil(image: Image, hole: Mask): Image {
  const data = image.data.map((value, i) => (hole.data[Math.floor(i / 3)] === 0 ? value : (i * 89) % 256));
  return { ...image, data };
}

/** Mean absolute difference over the hole, in grey levels. */
export function holeError(
  a: { data: ArrayLike<number> },
  b: { data: ArrayLike<number> },
  hole: Mask,
): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < hole.data.length * 3; i++) {
    if (hole.data[Math.floor(i / 3)] === 0) continue;
    sum += Math.abs(a.data[i] - b.data[i]);
    count++;
  }
  return sum / count;
}

/** How many bytes outside the hole differ. */
export function knownChanges(
  a: { data: ArrayLike<number> },
  b: { data: ArrayLike<number> },
  hole: Mask,
): number {
  let changed = 0;
  for (let i = 0; i < hole.data.length * 3; i++) {
    if (hole.data[Math.floor(i / 3)] === 0 && a.data[i] !== b.data[i]) changed++;
  }
  return changed;
}
