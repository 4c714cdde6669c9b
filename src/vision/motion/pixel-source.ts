import type { Mask } from '../image/mask.js';
import type { MotionField } from './motion-field.js';

/** An image to take pixels from. */
export interface PixelSource {
  readonly rgb: Uint8Array;
  /** Pixels that must not be taken; none where left out. */
  readonly closed?: Mask;
  /** Where the target's pixels lie in this image. */
  readonly motion: MotionField;
}

/** The image whose hole is to be filled from others. */
export interface PropagationTarget {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** Pixels that are wanted. */
  readonly wanted: Mask;
}

/** Reads the colour between four pixels into `out`; false outside of the image and next to closed pixels. */
export type Sampler = (u: number, v: number, out: Float64Array) => boolean;

/** A reader of a source that has the target's size. */
export function samplerOf(
  { rgb, closed }: Pick<PixelSource, 'rgb' | 'closed'>,
  { width, height }: Pick<PropagationTarget, 'width' | 'height'>,
): Sampler {
  const shut = closed?.data;
  return (u, v, out) => {
    if (!(u >= 0 && v >= 0 && u <= width - 1 && v <= height - 1)) return false;
    const x = Math.min(width - 2, Math.floor(u));
    const y = Math.min(height - 2, Math.floor(v));
    const at = y * width + x;
    if (shut && (shut[at] | shut[at + 1] | shut[at + width] | shut[at + width + 1]) !== 0) return false;
    const [fx, fy] = [u - x, v - y];
    for (let channel = 0; channel < 3; channel += 1) {
      const first = 3 * at + channel;
      const below = first + 3 * width;
      const top = rgb[first] * (1 - fx) + rgb[first + 3] * fx;
      out[channel] = top * (1 - fy) + (rgb[below] * (1 - fx) + rgb[below + 3] * fx) * fy;
    }
    return true;
  };
}
