import { levelQuotas } from './orb-plan.js';
import type { OrbPyramid } from './orb-pyramid.js';

/** Corners of all levels of an image; entry `k` of every array belongs to corner `k`. */
export interface CornerList {
  readonly count: number;
  /** Which of the pyramid's levels. */
  readonly level: Uint8Array;
  /** Pixels of the level. */
  readonly column: Int32Array;
  readonly row: Int32Array;
  /** Harris response. */
  readonly response: Float32Array;
}

/** Floats that the kernel writes for each: column, row, response. */
const FLOATS = 3;
/** Half a patch: corners keep this distance to the edge, in pixels of their level. */
const MARGIN = 15;

/** Finds the corners of a pyramid. */
export class OrbCorners {
  readonly #found: number;

  readonly #pyramid: OrbPyramid;

  constructor(pyramid: OrbPyramid) {
    this.#pyramid = pyramid;

    this.#found = pyramid.kernel.call('take', pyramid.kernel.call('cornerBytes'));
  }

  /**
   * The strongest corners of every level.
   * @param threshold grey levels between a corner and the circle around it
   * @param most corners of all levels together
   */
  find(threshold: number, most: number): CornerList {
    const { kernel, levels } = this.#pyramid;
    const quotas = levelQuotas(levels, most);
    const room = quotas.reduce((sum, quota) => sum + quota, 0);
    const list = {
      level: new Uint8Array(room),
      column: new Int32Array(room),
      row: new Int32Array(room),
      response: new Float32Array(room),
    };
    let count = 0;
    levels.forEach((level, index) => {
      this.#pyramid.use(level);
      const scratch = this.#pyramid.scratch();
      const found = [scratch, threshold, MARGIN, quotas[index], this.#found];
      const values = kernel.floatsAt(this.#found, FLOATS * kernel.call('findCorners', level.grey, ...found));
      for (let at = 0; at < values.length; at += FLOATS, count++) {
        list.level[count] = index;
        list.column[count] = values[at];
        list.row[count] = values[at + 1];
        list.response[count] = values[at + 2];
      }
    });
    return { count, ...list };
  }
}
