import type { CompletionLevel } from './completion-level.js';
import { AREA, CHANNELS, COST_FLOOR, REACH, SIDE, VOTED } from './settings.js';

/** Scales weights to about 1, because the sums are in single precision. */
const SCALE = 1e4;

/** Replaces the hole's content by weighted means of the patches that cover each pixel. The buffers are reused. */
export class Voting {
  readonly #level: CompletionLevel;
  readonly #sums: Float32Array;
  readonly #weights: Float32Array;

  constructor(level: CompletionLevel) {
    this.#level = level;
    this.#sums = new Float32Array(level.holePixels.length * VOTED);
    this.#weights = new Float32Array(level.holePixels.length);
  }

  /**
   * Votes with weight trust times (mean squared difference + floor)^-`sharpness`, a power law that needs no noise
   * scale; with 0, trust alone. Then blends in `guideShare` of the guide and refreshes the gradients.
   */
  vote(sharpness: number, guideShare: number): void {
    this.#collect(sharpness);
    const { holePixels, features } = this.#level;
    for (let index = 0; index < holePixels.length; index++) {
      const weight = this.#weights[index];
      if (weight <= 0) continue;
      const to = holePixels[index] * CHANNELS;
      for (let c = 0; c < VOTED; c++) features[to + c] = this.#sums[index * VOTED + c] / weight;
    }
    this.#level.mixGuide(guideShare);
    this.#level.refreshGradients();
  }

  #collect(sharpness: number): void {
    const { width, targets, field, cost, trust, holeIndex, features } = this.#level;
    const sums = this.#sums.fill(0);
    const weights = this.#weights.fill(0);
    for (const target of targets) {
      const source = field[target];
      if (source < 0) continue;
      const confidence = sharpness === 0 ? 1 : SCALE * Math.pow(cost[target] / AREA + COST_FLOOR, -sharpness);
      const weight = trust[target] * confidence;
      for (let dy = -REACH; dy <= REACH; dy++) {
        const a = target + dy * width - REACH;
        const b = source + dy * width - REACH;
        for (let dx = 0; dx < SIDE; dx++) {
          const index = holeIndex[a + dx];
          if (index < 0) continue;
          const from = (b + dx) * CHANNELS;
          const to = index * VOTED;
          weights[index] += weight;
          sums[to] += weight * features[from];
          sums[to + 1] += weight * features[from + 1];
          sums[to + 2] += weight * features[from + 2];
          sums[to + 3] += weight * features[from + 3];
          sums[to + 4] += weight * features[from + 4];
        }
      }
    }
  }
}
