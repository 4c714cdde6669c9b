import type { CornerList } from './orb-corners.js';
import { ORB_PATTERN } from './orb-pattern.js';
import type { OrbPyramid } from './orb-pyramid.js';

/** Bytes per descriptor: 256 bits. */
export const DESCRIPTOR_BYTES = 32;
/** Side of the described patch, in pixels of the level. */
export const PATCH_SIDE = 31;

const POINTS = 512;
/** Integers that the kernel reads per corner: column, row, index of the result. */
const CORNER_NUMBERS = 3;

/** Descriptors and orientations; row `k` of both arrays belongs to corner `k`. */
export interface CornerDescriptions {
  /** {@link DESCRIPTOR_BYTES} bytes per corner. */
  readonly data: Uint8Array;
  /** Degrees, 0..360. */
  readonly angles: Float32Array;
}

/** Computes the orientation and the rotated binary tests of corners from the planes of a pyramid. */
export class OrbDescriptor {
  readonly #corners: number;
  readonly #bits: number;
  readonly #orientations: number;

  readonly #pyramid: OrbPyramid;
  readonly #most: number;

  /** @param most upper limit of corners per call */
  constructor(pyramid: OrbPyramid, most: number) {
    this.#pyramid = pyramid;
    this.#most = most;

    const { kernel } = pyramid;
    this.#corners = kernel.call('take', 4 * CORNER_NUMBERS * most);
    this.#bits = kernel.call('take', DESCRIPTOR_BYTES * most);
    this.#orientations = kernel.call('take', 8 * most);
    kernel.call('prepareDisc');
    const pattern = kernel.floatsAt(kernel.call('patternAt'), 2 * POINTS);
    // The pattern holds (x, y) pairs; the kernel expects all x first, then all y.
    for (let k = 0; k < POINTS; k++) {
      pattern[k] = ORB_PATTERN[2 * k];
      pattern[POINTS + k] = ORB_PATTERN[2 * k + 1];
    }
  }

  /** Describes the rows `rows` of a corner list, in that order. */
  describe(corners: CornerList, rows: Int32Array): CornerDescriptions {
    if (rows.length > this.#most) throw new RangeError(`At most ${this.#most} corners, not ${rows.length}.`);
    this.#pyramid.levels.forEach((_, level) => this.#describeLevel(level, corners, rows));
    const { kernel } = this.#pyramid;
    const orientations = kernel.floatsAt(this.#orientations, 2 * rows.length);
    const degrees = (_: number, k: number): number => {
      const angle = (Math.atan2(orientations[2 * k + 1], orientations[2 * k]) * 180) / Math.PI;
      return angle < 0 ? angle + 360 : angle;
    };
    return {
      data: kernel.bytesAt(this.#bits, DESCRIPTOR_BYTES * rows.length).slice(),
      angles: new Float32Array(rows.length).map(degrees),
    };
  }

  /** One level per call, since the kernel has one current plane size. */
  #describeLevel(index: number, corners: CornerList, rows: Int32Array): void {
    const { kernel, levels } = this.#pyramid;
    const level = levels[index];
    const numbers = kernel.integersAt(this.#corners, CORNER_NUMBERS * rows.length);
    let count = 0;
    rows.forEach((row, k) => {
      if (corners.level[row] !== index) return;
      numbers[CORNER_NUMBERS * count] = Math.round(corners.column[row]);
      numbers[CORNER_NUMBERS * count + 1] = Math.round(corners.row[row]);
      numbers[CORNER_NUMBERS * count + 2] = k;
      count += 1;
    });
    this.#pyramid.use(level);
    kernel.call('describe', level.grey, level.blurred, this.#corners, count, this.#bits, this.#orientations);
  }
}
