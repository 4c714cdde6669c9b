import type { CornerList } from './orb-corners.js';
import { ORB_PATTERN } from './orb-pattern.js';
import type { OrbPyramid } from './orb-pyramid.js';

/** 256 bits. */
export const DESCRIPTOR_BYTES = 32;
/** Pixels of a level that a descriptor looks at, a side. */
export const PATCH_SIDE = 31;

const POINTS = 512;
/** Whole numbers that the kernel reads for each corner: column, row, which of the results it is. */
const CORNER_NUMBERS = 3;

/** What {@link OrbDescriptor} says of corners; row `k` of both belongs to corner `k`. */
export interface CornerDescriptions {
  /** Bits, {@link DESCRIPTOR_BYTES} a corner. */
  readonly data: Uint8Array;
  /** Degrees, 0..360. */
  readonly angles: Float32Array;
}

/** Orientation and rotated binary tests of corners, from a pyramid's planes. */
export class OrbDescriptor {
  readonly #corners: number;
  readonly #bits: number;
  readonly #turns: number;

  readonly #pyramid: OrbPyramid;
  readonly #most: number;

  /** @param most corners that are described at once */
  constructor(pyramid: OrbPyramid, most: number) {
    this.#pyramid = pyramid;
    this.#most = most;

    const { kernel } = pyramid;
    this.#corners = kernel.call('take', 4 * CORNER_NUMBERS * most);
    this.#bits = kernel.call('take', DESCRIPTOR_BYTES * most);
    this.#turns = kernel.call('take', 8 * most);
    kernel.call('prepareDisc');
    const pattern = kernel.floatsAt(kernel.call('patternAt'), 2 * POINTS);
    // Pairs of coordinates there, all x and then all y here.
    for (let k = 0; k < POINTS; k++) {
      pattern[k] = ORB_PATTERN[2 * k];
      pattern[POINTS + k] = ORB_PATTERN[2 * k + 1];
    }
  }

  /** Describes the corners of a list that `rows` names, in that order. */
  describe(corners: CornerList, rows: Int32Array): CornerDescriptions {
    if (rows.length > this.#most) throw new RangeError(`At most ${this.#most} corners, not ${rows.length}.`);
    this.#pyramid.levels.forEach((_, level) => this.#describeLevel(level, corners, rows));
    const { kernel } = this.#pyramid;
    const turns = kernel.floatsAt(this.#turns, 2 * rows.length);
    const degrees = (_: number, k: number): number => {
      const angle = (Math.atan2(turns[2 * k + 1], turns[2 * k]) * 180) / Math.PI;
      return angle < 0 ? angle + 360 : angle;
    };
    return {
      data: kernel.bytesAt(this.#bits, DESCRIPTOR_BYTES * rows.length).slice(),
      angles: new Float32Array(rows.length).map(degrees),
    };
  }

  /** Level by level, since the kernel has one size at a time. */
  #describeLevel(index: number, corners: CornerList, rows: Int32Array): void {
    const { kernel, levels } = this.#pyramid;
    const level = levels[index];
    const numbers = kernel.integersAt(this.#corners, CORNER_NUMBERS * rows.length);
    let count = 0;
    rows.forEach((row, k) => {
      if (corners.level[row] !== index) return;
      numbers[CORNER_NUMBERS * count] = corners.column[row];
      numbers[CORNER_NUMBERS * count + 1] = corners.row[row];
      numbers[CORNER_NUMBERS * count + 2] = k;
      count += 1;
    });
    this.#pyramid.use(level);
    kernel.call('describe', level.grey, level.blurred, this.#corners, count, this.#bits, this.#turns);
  }
}
