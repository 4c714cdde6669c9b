import { distanceToKnown } from './hole-distance.js';
import { HOLE, type Mask } from '../image/mask.js';
import type { Box } from '../image/box.js';

/** One connected component of a hole (8-connectivity). */
export interface HolePart {
  /** Bounding box. */
  readonly box: Box;
  /** Pixel indices in the whole mask. */
  readonly pixels: Int32Array;
  /** Half the width of its widest part, in pixels. */
  readonly depth: number;
}

/** Splits a hole into its connected components, in reading order of their first pixels. */
export function findHoleParts(mask: Mask): readonly HolePart[] {
  const { width, height, data } = mask;
  const distance = distanceToKnown(mask);
  const seen = new Uint8Array(width * height);
  const parts: HolePart[] = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || seen[start] === 1) continue;
    const pixels = floodFrom(start, mask, seen);
    const depth = pixels.reduce((deepest, pixel) => Math.max(deepest, distance[pixel]), 0);
    parts.push({ pixels, depth, box: boxAround(pixels, width) });
  }
  return parts;
}

/** A mask of the same size that contains only the given parts. */
export function maskOf(parts: readonly HolePart[], { width, height }: Mask): Mask {
  const data = new Uint8Array(width * height);
  for (const { pixels } of parts) for (const pixel of pixels) data[pixel] = HOLE;
  return { width, height, data };
}

function floodFrom(start: number, { width, height, data }: Mask, seen: Uint8Array): Int32Array {
  const found = [start];
  seen[start] = 1;
  for (let next = 0; next < found.length; next++) {
    const x = found[next] % width;
    const y = (found[next] / width) | 0;
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        const pixel = row * width + column;
        if (data[pixel] === 0 || seen[pixel] === 1) continue;
        seen[pixel] = 1;
        found.push(pixel);
      }
    }
  }
  return Int32Array.from(found);
}

function boxAround(pixels: Int32Array, width: number): Box {
  let left = Infinity;
  let top = Infinity;
  let right = 0;
  let bottom = 0;
  for (const pixel of pixels) {
    const x = pixel % width;
    const y = (pixel / width) | 0;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}
