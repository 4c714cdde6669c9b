import type { Image } from '../image/image.js';
import type { Mask } from '../image/mask.js';
import type { MotionField } from './motion-field.js';

/** An image from which pixels are taken. */
export interface PixelSource {
  readonly image: Image;
  /** Pixels that must not be used; by default all may be. */
  readonly closed?: Mask;
  /** Maps the target's pixels to this image. */
  readonly motion: MotionField;
}

/** The image whose hole is filled from other images. */
export interface PropagationTarget {
  readonly image: Image;
  /** Pixels to fill. */
  readonly wanted: Mask;
}

/**
 * Writes the colour interpolated between four pixels to `out`; returns false outside the image and next to closed
 * pixels.
 */
export type Sampler = (u: number, v: number, out: Float64Array) => boolean;

/** Creates a sampler of a source that has the target's size. */
export function samplerOf({ image, closed }: Pick<PixelSource, 'image' | 'closed'>): Sampler {
  const { width, height, data: rgb } = image;
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
