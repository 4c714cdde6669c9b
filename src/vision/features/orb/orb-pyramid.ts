import { Kernel } from '../kernels/kernel.js';
import { ORB_KERNEL } from '../kernels/orb-kernel.js';
import { planLevels, type LevelSize } from './orb-plan.js';
import type { Image } from '../../image/image.js';

/** Functions that the WebAssembly kernel exports. */
export type OrbFunction =
  | 'take'
  | 'setSize'
  | 'planeBytes'
  | 'strideOf'
  | 'firstPixel'
  | 'fromGrey'
  | 'columnPlanBytes'
  | 'planColumns'
  | 'shrink'
  | 'blur'
  | 'findCorners'
  | 'cornerBytes'
  | 'prepareDisc'
  | 'patternAt'
  | 'describe'
  | 'patchBytes'
  | 'cutPatch'
  | 'searchBytes'
  | 'alignPatches';

/** One level: its size, and addresses in the kernel's memory. */
export interface OrbLevel extends LevelSize {
  readonly stride: number;
  /** Addresses of the first pixel of the level and of its blurred copy. */
  readonly grey: number;
  readonly blurred: number;
  /** Address of the table of source columns for downsampling from the previous level. */
  readonly columns: number;
}

/** Image pyramid with a blurred copy of every level. */
export class OrbPyramid {
  readonly kernel = new Kernel<OrbFunction>(ORB_KERNEL);
  readonly levels: readonly OrbLevel[];
  readonly #grey: number;
  readonly #row: number;
  readonly #scratch: number;

  constructor(readonly size: { readonly width: number; readonly height: number }) {
    const { kernel } = this;
    const sizes = planLevels(size);
    this.#grey = kernel.call('take', size.width * size.height);
    kernel.call('setSize', size.width, size.height);
    this.#scratch = this.#block();
    this.#row = kernel.call('take', kernel.call('strideOf', size.width));
    this.levels = sizes.map((level, index) => {
      kernel.call('setSize', level.width, level.height);
      const columns = kernel.call('take', kernel.call('columnPlanBytes', level.width));
      if (index > 0) kernel.call('planColumns', sizes[index - 1].width, level.width, columns);
      const [grey, blurred] = [this.#plane(), this.#plane()];
      return { ...level, stride: kernel.call('strideOf', level.width), grey, blurred, columns };
    });
  }

  /** Computes all levels of an image of this pyramid's size. */
  compute({ data }: Image): void {
    const { kernel } = this;
    kernel.bytesAt(this.#grey, data.length).set(data);
    this.levels.forEach((level, index) => {
      this.use(level);
      if (index === 0) kernel.call('fromGrey', this.#grey, level.grey);
      else {
        const { grey, width, height } = this.levels[index - 1];
        kernel.call('shrink', grey, width, height, level.grey, this.#row, level.columns);
      }
      kernel.call('blur', level.grey, level.blurred, this.scratch());
    });
  }

  /** Sets the kernel's current plane size to that of a level. */
  use({ width, height }: LevelSize): void {
    this.kernel.call('setSize', width, height);
  }

  /** Address of the first pixel of the temporary plane at the current size. */
  scratch(): number {
    return this.kernel.call('firstPixel', this.#scratch);
  }

  #block(): number {
    return this.kernel.call('take', this.kernel.call('planeBytes'));
  }

  #plane(): number {
    return this.kernel.call('firstPixel', this.#block());
  }
}
