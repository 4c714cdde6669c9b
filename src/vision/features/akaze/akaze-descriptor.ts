import type { Extremum } from './akaze-extrema.js';
import type { AkazeScaleSpace } from './akaze-scale-space.js';

/** Bytes per descriptor: 486 bits, padded to whole 64-bit words. */
export const DESCRIPTOR_BYTES = 64;
/** Diameter of the described patch, in samples. */
export const PATCH_SAMPLES = 20;
/** Sampling for the orientation estimate: radius in samples, and sigma of their Gaussian weights. */
const ORIENTATION = { radius: 6, sigma: 2.5 };

/** Computes the orientation and the M-LDB descriptor of key points from the planes of a scale space. */
export class AkazeDescriptor {
  readonly #bits: number;

  readonly #space: AkazeScaleSpace;

  constructor(space: AkazeScaleSpace) {
    this.#space = space;

    const { kernel } = space;
    this.#bits = kernel.call('take', DESCRIPTOR_BYTES);
    const { radius, sigma } = ORIENTATION;
    const side = 2 * radius + 1;
    const weights = kernel.floatsAt(kernel.call('orientationWeightsAt'), side ** 2);
    weights.forEach((_, k) => {
      const squared = ((k % side) - radius) ** 2 + (Math.floor(k / side) - radius) ** 2;
      weights[k] = squared < radius ** 2 ? Math.exp(-squared / (2 * sigma ** 2)) : 0;
    });
  }

  /** Writes the descriptor into `target`; returns the orientation in degrees, 0..360. */
  describe({ level, column, row }: Extremum, target: Uint8Array): number {
    const { kernel } = this.#space;
    this.#space.use(level.octave);
    kernel.call('setLevel', level.grey, level.dx, level.dy, level.reach);
    kernel.call('orient', column, row);
    kernel.call('describe', column, row, this.#bits);
    target.set(kernel.bytesAt(this.#bits, DESCRIPTOR_BYTES));
    const angle = Math.atan2(kernel.call('orientationSine'), kernel.call('orientationCosine'));
    return ((angle * 180) / Math.PI + 360) % 360;
  }
}
