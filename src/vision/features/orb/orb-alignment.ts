import type { PlanePoint } from '../../geometry/lens.js';
import type { PatchSearch } from '../alignment/align-matches.js';
import type { Patches } from '../types.js';
import type { CornerList } from './orb-corners.js';
import { PATCH_SIDE } from './orb-descriptor.js';
import { LEVEL_STEP, levelAt, pixelAt, type LevelSize } from './orb-plan.js';
import type { OrbLevel, OrbPyramid } from './orb-pyramid.js';

/** Words that the kernel reads for each search: three integers, the rest floats; the last says whether the patch was found. */
const SEARCH_WORDS = 10;

/** Patches around corners of an image, and their places in others: one of the pyramid's levels and a kernel's loops. */
export class OrbAlignment {
  readonly #pyramid: OrbPyramid;
  readonly #bytes: number;
  readonly #patch: number;
  readonly #patches: number;
  readonly #searches: number;
  readonly #most: number;

  /** @param most upper limit of searches per call */
  constructor(pyramid: OrbPyramid, most: number) {
    const { kernel } = pyramid;
    this.#pyramid = pyramid;
    this.#bytes = kernel.call('patchBytes');
    this.#patch = kernel.call('take', this.#bytes);
    this.#patches = kernel.call('take', this.#bytes * most);
    this.#searches = kernel.call('take', kernel.call('searchBytes') * most);
    this.#most = most;
  }

  /** Patches around the rows `rows` of a corner list, in that order. */
  cut(corners: CornerList, rows: Int32Array): Patches {
    const { kernel, levels } = this.#pyramid;
    const data = new Uint8Array(this.#bytes * rows.length);
    rows.forEach((row, k) => {
      const level = levels[corners.level[row]];
      this.#pyramid.use(level);
      kernel.call('cutPatch', level.grey, corners.column[row], corners.row[row], this.#patch);
      data.set(kernel.bytesAt(this.#patch, this.#bytes), k * this.#bytes);
    });
    return { bytes: this.#bytes, data };
  }

  /**
   * Where the image shows patches of another image. Each is looked for on the level on which it is about as large as it was
   * in its own image.
   */
  find(searches: readonly PatchSearch[]): (PlanePoint | null)[] {
    if (searches.length > this.#most)
      throw new RangeError(`At most ${this.#most} patches, not ${searches.length}.`);
    const { kernel } = this.#pyramid;
    const patches = kernel.bytesAt(this.#patches, this.#bytes * searches.length);
    const integers = kernel.integersAt(this.#searches, SEARCH_WORDS * searches.length);
    const floats = kernel.floatsAt(this.#searches, SEARCH_WORDS * searches.length);
    const views = searches.map(({ patch, size, start, stretch }, k) => {
      const scale = size / PATCH_SIDE;
      const [xByColumn, xByRow, yByColumn, yByRow] = stretch;
      const level = this.#levelOf(scale * Math.sqrt(Math.abs(xByColumn * yByRow - xByRow * yByColumn)));
      const [across, down] = this.#pixelsPer(level);
      patches.set(patch, this.#bytes * k);
      const at = SEARCH_WORDS * k;
      integers[at] = level.grey;
      integers[at + 1] = level.width;
      integers[at + 2] = level.height;
      floats[at + 3] = levelAt(start[0], across);
      floats[at + 4] = levelAt(start[1], down);
      floats[at + 5] = (xByColumn * scale) / across;
      floats[at + 6] = (xByRow * scale) / across;
      floats[at + 7] = (yByColumn * scale) / down;
      floats[at + 8] = (yByRow * scale) / down;
      return { at, across, down };
    });
    kernel.call('alignPatches', this.#patches, this.#searches, searches.length);
    return views.map(({ at, across, down }) =>
      floats[at + 9] === 0 ? null : [pixelAt(floats[at + 3], across), pixelAt(floats[at + 4], down)],
    );
  }

  #levelOf(scale: number): OrbLevel {
    const { levels } = this.#pyramid;
    const index = Math.round(Math.log(scale) / Math.log(LEVEL_STEP));
    return levels[Math.max(0, Math.min(levels.length - 1, index))];
  }

  /** Pixels of the image per pixel of a level. */
  #pixelsPer({ width, height }: LevelSize): readonly [number, number] {
    const { size } = this.#pyramid;
    return [size.width / width, size.height / height];
  }
}
