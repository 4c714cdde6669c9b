import { levelQuotas } from './orb-plan.js';
import type { OrbLevel, OrbPyramid } from './orb-pyramid.js';

/** A corner of one level. */
export interface OrbCorner {
  readonly level: OrbLevel;
  /** Pixels of the level. */
  readonly column: number;
  readonly row: number;
  /** Harris response. */
  readonly response: number;
}

/** Most corners of a level that are looked at. */
const MOST = 32_768;
/** Floats that the kernel writes for each: column, row, response. */
const FLOATS = 3;
/** Half a patch: corners keep this distance to the edge, in pixels of their level. */
const MARGIN = 15;

/** Finds the corners of a pyramid. */
export class OrbCorners {
  readonly #found: number;

  constructor(private readonly pyramid: OrbPyramid) {
    this.#found = pyramid.kernel.call('take', 4 * FLOATS * MOST);
  }

  /**
   * The strongest corners of every level.
   * @param threshold grey levels between a corner and the circle around it
   * @param most corners of all levels together
   */
  find(threshold: number, most: number): OrbCorner[] {
    const quotas = levelQuotas(this.pyramid.levels, most);
    return this.pyramid.levels.flatMap((level, index) => this.#ofLevel(level, threshold, quotas[index]));
  }

  #ofLevel(level: OrbLevel, threshold: number, quota: number): OrbCorner[] {
    const { kernel } = this.pyramid;
    this.pyramid.use(level);
    const scratch = this.pyramid.scratch();
    const count = kernel.call('findCorners', level.grey, scratch, threshold, MARGIN, this.#found, MOST);
    const values = kernel.floatsAt(this.#found, FLOATS * count);
    const response = (corner: number): number => values[FLOATS * corner + 2];
    const strongest = Int32Array.from({ length: count }, (_, corner) => corner)
      .sort((a, b) => response(b) - response(a) || a - b)
      .subarray(0, quota);
    return Array.from(strongest, (corner) => ({
      level,
      column: values[FLOATS * corner],
      row: values[FLOATS * corner + 1],
      response: response(corner),
    }));
  }
}
