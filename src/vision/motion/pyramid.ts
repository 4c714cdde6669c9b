import type { Image } from '../image/image.js';
import type { Mask } from '../image/mask.js';

/** One pyramid level: a grey image and its hole. */
export interface Level {
  readonly width: number;
  readonly height: number;
  readonly grey: Float32Array;
  /** Mask of unknown pixels; a pixel is a hole when any of its source pixels is. */
  readonly hole: Uint8Array;
}

/** Long side of the finest level. */
const FINEST = 480;
/** Minimum short side; smaller images do not determine motion. */
const COARSEST = 24;

/** Halves both sides by 2x2 means; a pixel is a hole when any of the four is. */
function halve({ width, height, grey, hole }: Level): Level {
  const [w, h] = [Math.floor(width / 2), Math.floor(height / 2)];
  const half = { width: w, height: h, grey: new Float32Array(w * h), hole: new Uint8Array(w * h) };
  for (let y = 0; y < h; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const at = 2 * y * width + 2 * x;
      half.grey[y * w + x] = (grey[at] + grey[at + 1] + grey[at + width] + grey[at + width + 1]) / 4;
      half.hole[y * w + x] = hole[at] | hole[at + 1] | hole[at + width] | hole[at + width + 1];
    }
  }
  return half;
}

/** Grey image pyramid of a frame, finest level first; pixels under the mask are holes. */
export function pyramidOf({ width, height, data: rgb }: Image, mask: Mask): Level[] {
  const grey = new Float32Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    const at = 3 * pixel;
    grey[pixel] = 0.299 * rgb[at] + 0.587 * rgb[at + 1] + 0.114 * rgb[at + 2];
  }
  let level: Level = { width, height, grey, hole: mask.data };
  const levels: Level[] = [];
  while (Math.min(level.width, level.height) >= COARSEST) {
    if (Math.max(level.width, level.height) <= FINEST) levels.push(level);
    level = halve(level);
  }
  return levels.length > 0 ? levels : [level];
}
