import type { Image } from '../image/image.js';
import type { Mask } from '../image/mask.js';

/** Half the side of the averaging window, in pixels at full size. */
const REACH = 3;

/** Luminance of interleaved RGB (BT.601 weights, as in JPEG), 0..255. */
export function luminance({ width, height, data: rgb }: Image): Float32Array {
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i++)
    values[i] = 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2];
  return values;
}

/**
 * Mean |dL/dx| and |dL/dy| of the luminance over the known pixels of a 7x7 window, interleaved `[n, 2]`. They
 * distinguish rough regions from smooth ones at coarse levels, where the texture itself is averaged away.
 */
export function textureActivity(image: Image, hole: Mask): Float32Array {
  const { width, height } = image;
  const sums = activitySums(image, hole);
  const stride = (width + 1) * 3;
  const activity = new Float32Array(width * height * 2);
  for (let y = 0, i = 0; y < height; y++) {
    const top = Math.max(0, y - REACH) * stride;
    const bottom = Math.min(height, y + REACH + 1) * stride;
    for (let x = 0; x < width; x++, i += 2) {
      const left = Math.max(0, x - REACH) * 3;
      const right = Math.min(width, x + REACH + 1) * 3;
      const inside = (c: number): number =>
        sums[bottom + right + c] - sums[top + right + c] - sums[bottom + left + c] + sums[top + left + c];
      const count = Math.max(1, inside(2));
      activity[i] = inside(0) / count;
      activity[i + 1] = inside(1) / count;
    }
  }
  return activity;
}

/** Integral images of |dx|, |dy| and their count, interleaved, with a leading row and column of zeros. */
function activitySums(image: Image, hole: Mask): Float64Array {
  const { width, height } = image;
  const light = luminance(image);
  const stride = (width + 1) * 3;
  const sums = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let dx = 0;
    let dy = 0;
    let count = 0;
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const usable =
        x + 1 < width && y + 1 < height && !(hole.data[i] | hole.data[i + 1] | hole.data[i + width]);
      if (usable) {
        dx += Math.abs(light[i + 1] - light[i]);
        dy += Math.abs(light[i + width] - light[i]);
        count++;
      }
      const at = (y + 1) * stride + (x + 1) * 3;
      sums[at] = sums[at - stride] + dx;
      sums[at + 1] = sums[at - stride + 1] + dy;
      sums[at + 2] = sums[at - stride + 2] + count;
    }
  }
  return sums;
}
