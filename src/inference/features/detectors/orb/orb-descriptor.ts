import type { OrbCorner } from './orb-corners.js';
import { ORB_PATTERN } from './orb-pattern.js';
import type { OrbPyramid } from './orb-pyramid.js';

/** 256 bits. */
export const DESCRIPTOR_BYTES = 32;
/** Pixels of a level that a descriptor looks at, a side. */
export const PATCH_SIDE = 31;

const POINTS = 512;

/** Orientation and rotated binary tests of corners, from a pyramid's planes. */
export class OrbDescriptor {
  readonly #bits: number;

  constructor(private readonly pyramid: OrbPyramid) {
    const { kernel } = pyramid;
    this.#bits = kernel.call('take', DESCRIPTOR_BYTES);
    kernel.call('prepareDisc');
    const pattern = kernel.floatsAt(kernel.call('patternAt'), 2 * POINTS);
    // Pairs of coordinates there, all x and then all y here.
    for (let k = 0; k < POINTS; k++) {
      pattern[k] = ORB_PATTERN[2 * k];
      pattern[POINTS + k] = ORB_PATTERN[2 * k + 1];
    }
  }

  /** Writes the descriptor into `target`; returns the orientation in degrees, 0..360. */
  describe({ level, column, row }: OrbCorner, target: Uint8Array): number {
    const { kernel } = this.pyramid;
    this.pyramid.use(level);
    const at = row * level.stride + column;
    kernel.call('orient', level.grey + at);
    kernel.call('describe', level.blurred + at, this.#bits);
    target.set(kernel.bytesAt(this.#bits, DESCRIPTOR_BYTES));
    const angle = Math.atan2(kernel.call('orientationSine'), kernel.call('orientationCosine'));
    return ((angle * 180) / Math.PI + 360) % 360;
  }
}
