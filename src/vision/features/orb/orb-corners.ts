import { levelQuotas } from './orb-plan.js';
import type { OrbPyramid } from './orb-pyramid.js';

/** Corners of all levels of an image; entry `k` of every array belongs to corner `k`. */
export interface CornerList {
  readonly count: number;
  /** Index of the pyramid level. */
  readonly level: Uint8Array;
  /** Position in pixels of the level, to a fraction of one; rounded, the corner's own pixel. */
  readonly column: Float32Array;
  readonly row: Float32Array;
  /** Harris response. */
  readonly response: Float32Array;
}

/** Floats that the kernel writes per corner: column, row, response. */
const FLOATS_PER_CORNER = 3;
/** Half the patch side: minimum distance of corners to the edge, in pixels of their level. */
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
   * @param threshold minimum difference in grey levels between a corner and the circle around it
   * @param most upper limit of corners over all levels
   */
  find(threshold: number, most: number): CornerList {
    const { kernel, levels } = this.#pyramid;
    const quotas = levelQuotas(levels, most);
    const room = quotas.reduce((sum, quota) => sum + quota, 0);
    const list = {
      level: new Uint8Array(room),
      column: new Float32Array(room),
      row: new Float32Array(room),
      response: new Float32Array(room),
    };
    let count = 0;
    levels.forEach((level, index) => {
      this.#pyramid.use(level);
      const scratch = this.#pyramid.scratch();
      const found = [scratch, threshold, MARGIN, quotas[index], this.#found];
      const values = kernel.floatsAt(
        this.#found,
        FLOATS_PER_CORNER * kernel.call('findCorners', level.grey, ...found),
      );
      for (let at = 0; at < values.length; at += FLOATS_PER_CORNER, count++) {
        list.level[count] = index;
        list.column[count] = values[at];
        list.row[count] = values[at + 1];
        list.response[count] = values[at + 2];
      }
    });
    return { count, ...list };
  }
}
