import type { AkazeLevel, AkazeScaleSpace } from './akaze-scale-space.js';
import { strongestNearby } from './strongest-nearby.js';

/** A peak of the determinant. */
export interface Extremum {
  readonly level: AkazeLevel;
  /** Pixels of the level's octave. */
  readonly column: number;
  readonly row: number;
  /** Pixels of the image. */
  readonly x: number;
  readonly y: number;
  readonly response: number;
}

/** Most extrema of a level. */
const MOST = 8192;
/** Floats that the kernel writes for each: column, row, response. */
const FLOATS = 3;
/** Key points keep this many samples' distance to the edge. */
const EDGE_SAMPLES = 6;
/**
 * A key point gives way to a stronger one of any level nearer than this many samples: the same structure found twice
 * takes places and fails the ratio test. 12 % more right matches sixty frames apart.
 */
const CROWDED_SAMPLES = 0.7;

/** Finds the peaks of a scale space. */
export class AkazeExtrema {
  readonly #found: number;

  readonly #space: AkazeScaleSpace;

  constructor(space: AkazeScaleSpace) {
    this.#space = space;

    this.#found = space.kernel.call('take', 4 * FLOATS * MOST);
  }

  /** Peaks above `threshold`, strongest first. */
  find(threshold: number): readonly Extremum[] {
    const all = this.#space.levels.flatMap((_, index) => this.#ofLevel(index, threshold));
    const column = (pick: (extremum: Extremum) => number): Float32Array => Float32Array.from(all, pick);
    const rows = strongestNearby({
      x: column(({ x }) => x),
      y: column(({ y }) => y),
      radius: column(({ level }) => CROWDED_SAMPLES * level.reach * 2 ** level.octave),
      strength: column(({ response }) => response),
    });
    return Array.from(rows, (row) => all[row]);
  }

  #ofLevel(index: number, threshold: number): Extremum[] {
    const { kernel, levels } = this.#space;
    const level = levels[index];
    this.#space.use(level.octave);
    const levelAt = (offset: number): number => {
      const other: AkazeLevel | undefined = levels[index + offset];
      return other?.octave === level.octave ? other.determinant : 0;
    };
    kernel.call('setNeighbours', levelAt(-1), levelAt(1));
    const margin = Math.ceil(EDGE_SAMPLES * level.reach);
    const count = kernel.call('findExtrema', level.determinant, threshold, margin, this.#found, MOST);
    const values = kernel.floatsAt(this.#found, FLOATS * count);
    // Pixels of an octave are means: the first one's centre lies between those that it was made of.
    const place = (at: number): number => (at + 0.5) * 2 ** level.octave - 0.5;
    const found: Extremum[] = [];
    for (let at = 0; at < values.length; at += FLOATS) {
      const [column, row] = [values[at], values[at + 1]];
      found.push({ level, column, row, x: place(column), y: place(row), response: values[at + 2] });
    }
    return found;
  }
}
