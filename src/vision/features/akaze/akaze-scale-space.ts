import { AKAZE_KERNEL } from '../kernels/akaze-kernel.js';
import { Kernel } from '../kernels/kernel.js';
import {
  diffusionSteps,
  gaussianWeights,
  levelReach,
  LEVELS_PER_OCTAVE,
  levelSigma,
  planOctaves,
  type OctaveSize,
} from './akaze-plan.js';
import type { Image } from '../../image/image.js';

/** Functions that the WebAssembly kernel exports. */
export type AkazeFunction =
  | 'take'
  | 'setSize'
  | 'planeBytes'
  | 'strideOf'
  | 'firstPixel'
  | 'fromGrey'
  | 'blur'
  | 'halve'
  | 'derivatives'
  | 'gradientPercentile'
  | 'conductivity'
  | 'diffuse'
  | 'determinant'
  | 'setNeighbours'
  | 'findExtrema'
  | 'setLevel'
  | 'orientationWeightsAt'
  | 'orient'
  | 'orientationCosine'
  | 'orientationSine'
  | 'describe';

/** One level of the scale space: addresses of its planes in the kernel's memory. */
export interface AkazeLevel {
  readonly octave: number;
  /** Sigma in pixels of the octave. */
  readonly sigma: number;
  /** Step of the derivatives and of the descriptor samples, in pixels of the octave. */
  readonly reach: number;
  readonly grey: number;
  readonly dx: number;
  readonly dy: number;
  readonly determinant: number;
}

/** Radius, in pixels, of the Gaussian that blurs the input image into the first level. */
const FIRST_BLUR_RADIUS = 4;
/** Gaussian applied before the gradients that control the diffusion are computed. */
const SMOOTHING = { sigma: 1, radius: 2 };
/** The contrast parameter is this quantile of the gradient lengths; longer gradients are treated as edges. */
const EDGE_SHARE = 0.7;
/** Factor of the contrast parameter from one octave to the next, as downsampling weakens edges. */
const EDGE_DECAY = 0.75;

/** Nonlinear scale space of images of one size: diffusion smooths regions and stops at edges. */
export class AkazeScaleSpace {
  readonly kernel = new Kernel<AkazeFunction>(AKAZE_KERNEL);
  readonly octaves: readonly OctaveSize[];
  readonly levels: readonly AkazeLevel[];
  readonly #grey: number;
  readonly #weights: { readonly first: number; readonly smoothing: number };
  /** Working planes shared by the levels: smoothed image, conductivity, and one temporary plane. */
  readonly #scratch: { readonly smooth: number; readonly flow: number; readonly other: number };

  constructor(readonly size: OctaveSize) {
    const { kernel } = this;
    this.octaves = planOctaves(size);
    this.#grey = kernel.call('take', size.width * size.height);
    this.#weights = {
      first: this.#store(gaussianWeights(levelSigma(0), FIRST_BLUR_RADIUS)),
      smoothing: this.#store(gaussianWeights(SMOOTHING.sigma, SMOOTHING.radius)),
    };
    this.use(0);
    this.#scratch = { smooth: this.#block(), flow: this.#block(), other: this.#block() };
    this.levels = this.octaves.flatMap((_, octave) => {
      this.use(octave);
      return Array.from({ length: LEVELS_PER_OCTAVE }, (__, level) => ({
        octave,
        sigma: levelSigma(level),
        reach: levelReach(level),
        grey: this.#plane(),
        dx: this.#plane(),
        dy: this.#plane(),
        determinant: this.#plane(),
      }));
    });
  }

  /** Computes all levels of an image of this space's size. */
  compute({ data }: Image): void {
    const { kernel } = this;
    kernel.bytesAt(this.#grey, data.length).set(data);
    let contrast = this.#first();
    this.levels.forEach((level, index) => {
      const within = index % LEVELS_PER_OCTAVE;
      if (index > 0 && within === 0) contrast *= EDGE_DECAY;
      if (index > 0) this.#evolve(this.levels[index - 1], level, { within, contrast });
      this.#differentiate(level);
    });
  }

  /** Sets the kernel's current plane size to that of an octave. */
  use(octave: number): void {
    const { width, height } = this.octaves[octave];
    this.kernel.call('setSize', width, height);
  }

  /**
   * Blurs the image into the first level; returns the contrast parameter, the gradient length that counts as an edge.
   */
  #first(): number {
    const { kernel } = this;
    const [{ grey, dx, dy, determinant }] = this.levels;
    this.use(0);
    const between = this.#working('other');
    kernel.call('fromGrey', this.#grey, determinant);
    kernel.call('blur', determinant, grey, between, this.#weights.first, FIRST_BLUR_RADIUS);
    kernel.call('blur', determinant, dx, between, this.#weights.smoothing, SMOOTHING.radius);
    kernel.call('derivatives', dx, dy, determinant, 1);
    // A flat image has no gradients; any positive contrast gives the same result.
    return kernel.call('gradientPercentile', dy, determinant, EDGE_SHARE) || 1;
  }

  /**
   * Diffuses the previous level into this one. The smoothed image of the previous level is still in its working plane.
   */
  #evolve(
    before: AkazeLevel,
    level: AkazeLevel,
    { within, contrast }: { readonly within: number; readonly contrast: number },
  ): void {
    const { kernel } = this;
    const steps = diffusionSteps(within);
    this.use(level.octave);
    const [flow, other] = [this.#working('flow'), this.#working('other')];
    let start = before.grey;
    if (within === 0) {
      start = level.determinant;
      kernel.call('halve', before.grey, this.#strideOf(before.octave), start);
      kernel.call('blur', start, this.#working('smooth'), other, this.#weights.smoothing, SMOOTHING.radius);
    }
    kernel.call('conductivity', this.#working('smooth'), flow, contrast);
    steps.forEach((time, step) => {
      // Alternates between two planes so that the last step writes to the level's own plane.
      const to = (steps.length - 1 - step) % 2 === 0 ? level.grey : other;
      kernel.call('diffuse', step === 0 ? start : to === other ? level.grey : other, to, flow, time);
    });
  }

  #differentiate({ octave, reach, grey, dx, dy, determinant }: AkazeLevel): void {
    const { kernel } = this;
    this.use(octave);
    const smooth = this.#working('smooth');
    kernel.call('blur', grey, smooth, this.#working('other'), this.#weights.smoothing, SMOOTHING.radius);
    kernel.call('derivatives', smooth, dx, dy, reach);
    kernel.call('determinant', dx, dy, determinant, reach);
  }

  #strideOf(octave: number): number {
    return this.kernel.call('strideOf', this.octaves[octave].width);
  }

  /** Address of the first pixel of a working plane at the current size. */
  #working(name: 'smooth' | 'flow' | 'other'): number {
    return this.kernel.call('firstPixel', this.#scratch[name]);
  }

  #block(): number {
    return this.kernel.call('take', this.kernel.call('planeBytes'));
  }

  #plane(): number {
    return this.kernel.call('firstPixel', this.#block());
  }

  #store(values: Float32Array): number {
    const place = this.kernel.call('take', values.byteLength);
    this.kernel.bytesAt(place, values.byteLength).set(new Uint8Array(values.buffer));
    return place;
  }
}
