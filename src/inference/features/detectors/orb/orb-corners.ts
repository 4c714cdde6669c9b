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
    const corners: OrbCorner[] = [];
    const weakest = weakestKept(values, quota);
    for (let at = 0; at < values.length && corners.length < quota; at += FLOATS) {
      const [column, row, response] = [values[at], values[at + 1], values[at + 2]];
      if (response >= weakest) corners.push({ level, column, row, response });
    }
    return corners;
  }
}

/** Response of the corner that is the `quota`-th strongest. */
function weakestKept(values: Float32Array, quota: number): number {
  const count = values.length / FLOATS;
  if (count <= quota) return -Infinity;
  // Without a function to compare by, sorting is native: there are ten thousand corners in some pictures.
  const responses = Float32Array.from({ length: count }, (_, k) => values[FLOATS * k + 2]).sort();
  return responses[count - quota];
}
