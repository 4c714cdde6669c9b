import { holeDepth } from './hole-distance.js';
import type { Mask } from '../image/mask.js';

/** Larger masks are measured on every n-th pixel: an error of half a per cent does not change the decision. */
const MEASURED_SIDE = 1024;

/** How large a hole is. */
export interface MeasuredHole {
  /** Size of the image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Share of hole pixels, 0 to 1. */
  readonly share: number;
  /** Diameter in pixels of the largest circle that contains no known pixel. */
  readonly circle: number;
}

/** Diameter in pixels of the largest circle that contains no known pixel. 0 is known, everything else is hole. */
export function holeCircle(hole: Mask): number {
  const step = Math.ceil(Math.max(hole.width, hole.height) / MEASURED_SIDE);
  return 2 * step * holeDepth(step === 1 ? hole : everyNth(hole, step));
}

function everyNth({ width, height, data }: Mask, step: number): Mask {
  const small = { width: Math.ceil(width / step), height: Math.ceil(height / step) };
  const picked = new Uint8Array(small.width * small.height);
  for (let y = 0, to = 0; y < small.height; y += 1)
    for (let x = 0; x < small.width; x += 1, to += 1) picked[to] = data[y * step * width + x * step];
  return { ...small, data: picked };
}

/** Share and circle of a hole. */
export function measureHole(hole: Mask): MeasuredHole {
  const { width, height, data } = hole;
  let count = 0;
  for (const value of data) count += value === 0 ? 0 : 1;
  return { width, height, share: count / data.length, circle: holeCircle(hole) };
}
