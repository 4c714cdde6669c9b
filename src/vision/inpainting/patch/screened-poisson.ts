import type { CompletionLevel } from './completion-level.js';
import { CHANNELS } from './settings.js';

const SWEEPS = 80;
/** Over-relaxation factor of the Gauss-Seidel sweeps. */
const RELAXATION = 1.6;
const COLOURS = 3;

/**
 * Copies every hole pixel from its source and hides the seams by solving a screened Poisson equation: the gradients are
 * those of the sources (across a seam, the mean of both), the colours are pulled towards the copied ones with weight
 * `anchor`, and known pixels are the boundary values. Returns RGB of all pixels, 0..255, unrounded.
 */
export function blendShifts(level: CompletionLevel, shifts: Int32Array, anchor: number): Float32Array {
  const problem = new SeamProblem(level, shifts, anchor);
  for (let sweep = 0; sweep < SWEEPS; sweep++) problem.relax((sweep & 1) === 0);
  return problem.colours;
}

class SeamProblem {
  /** Interleaved RGB; an extra zero pixel at the end stands for neighbours outside the image. */
  readonly #values: Float32Array;
  /** Right-hand side by hole pixel and colour. */
  readonly #right: Float32Array;
  /** Offsets of the four neighbours in `#values`, by hole pixel. */
  readonly #neighbours: Int32Array;
  /** Inverse diagonal by hole pixel. */
  readonly #scale: Float32Array;

  readonly #level: CompletionLevel;
  readonly #shifts: Int32Array;

  constructor(level: CompletionLevel, shifts: Int32Array, anchor: number) {
    this.#level = level;
    this.#shifts = shifts;

    const { features, holePixels, holeIndex } = level;
    const count = features.length / CHANNELS;
    this.#values = new Float32Array((count + 1) * COLOURS);
    for (let i = 0; i < count; i++) {
      const index = holeIndex[i];
      const from = (index < 0 || shifts[index] === 0 ? i : i + shifts[index]) * CHANNELS;
      for (let c = 0; c < COLOURS; c++) this.#values[i * COLOURS + c] = features[from + c];
    }
    this.#right = new Float32Array(holePixels.length * COLOURS);
    this.#neighbours = new Int32Array(holePixels.length * 4);
    this.#scale = new Float32Array(holePixels.length);
    for (let index = 0; index < holePixels.length; index++) this.#setUp(index, anchor, count);
  }

  get colours(): Float32Array {
    return this.#values.subarray(0, this.#values.length - COLOURS);
  }

  relax(forward: boolean): void {
    const { holePixels } = this.#level;
    const values = this.#values;
    const right = this.#right;
    const neighbours = this.#neighbours;
    const count = holePixels.length;
    for (let k = 0; k < count; k++) {
      const index = forward ? k : count - 1 - k;
      const n0 = neighbours[4 * index];
      const n1 = neighbours[4 * index + 1];
      const n2 = neighbours[4 * index + 2];
      const n3 = neighbours[4 * index + 3];
      const at = holePixels[index] * COLOURS;
      const scale = this.#scale[index];
      for (let c = 0; c < COLOURS; c++) {
        const sum =
          right[index * COLOURS + c] + values[n0 + c] + values[n1 + c] + values[n2 + c] + values[n3 + c];
        values[at + c] += RELAXATION * (sum * scale - values[at + c]);
      }
    }
  }

  #setUp(index: number, anchor: number, outside: number): void {
    const { width, height, holePixels } = this.#level;
    const pixel = holePixels[index];
    const x = pixel % width;
    const y = (pixel / width) | 0;
    const sides = [
      x > 0 ? pixel - 1 : -1,
      x < width - 1 ? pixel + 1 : -1,
      y > 0 ? pixel - width : -1,
      y < height - 1 ? pixel + width : -1,
    ];
    let present = 0;
    for (let side = 0; side < 4; side++) {
      const neighbour = sides[side];
      this.#neighbours[4 * index + side] = (neighbour < 0 ? outside : neighbour) * COLOURS;
      if (neighbour < 0) continue;
      present++;
      this.#addGradient(index, pixel, neighbour);
    }
    this.#scale[index] = 1 / (present + anchor);
    for (let c = 0; c < COLOURS; c++) {
      this.#right[index * COLOURS + c] += anchor * this.#values[pixel * COLOURS + c];
    }
  }

  /**
   * Adds the target gradient between a pixel and its neighbour: taken from their sources where the sources' own
   * neighbours are known, otherwise from the copied colours.
   */
  #addGradient(index: number, pixel: number, neighbour: number): void {
    const { features, holeIndex } = this.#level;
    const step = neighbour - pixel;
    const other = holeIndex[neighbour];
    const own = pixel + this.#shifts[index];
    const others = other < 0 ? -1 : neighbour + this.#shifts[other];
    const ownFits = this.#isKnown(own) && this.#isKnown(own + step);
    const othersFits = other >= 0 && this.#isKnown(others) && this.#isKnown(others - step);
    const share = 1 / (Number(ownFits) + Number(othersFits));
    for (let c = 0; c < COLOURS; c++) {
      const to = index * COLOURS + c;
      if (ownFits) {
        this.#right[to] += share * (features[own * CHANNELS + c] - features[(own + step) * CHANNELS + c]);
      }
      if (othersFits) {
        this.#right[to] +=
          share * (features[(others - step) * CHANNELS + c] - features[others * CHANNELS + c]);
      }
      if (!ownFits && !othersFits) {
        this.#right[to] += this.#values[pixel * COLOURS + c] - this.#values[neighbour * COLOURS + c];
      }
    }
  }

  #isKnown(pixel: number): boolean {
    return pixel >= 0 && pixel < this.#level.hole.length && this.#level.hole[pixel] === 0;
  }
}
