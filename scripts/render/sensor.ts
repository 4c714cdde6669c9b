import { createRandom } from './seeded-random.js';

// Local aliases: looking up the global `Math` in Jest's sandbox costs a hundred times the operation itself.
const { max, min, round } = Math;
const TABLE_BITS = 16;

/** An image sensor: adds independent Gaussian noise to every channel and rounds to bytes. */
export class Sensor {
  readonly #noise: Float32Array;
  readonly #offsets;

  /** @param deviation standard deviation of the noise, in grey levels of 255 */
  constructor(seed: number, deviation: number) {
    const random = createRandom(seed);
    this.#noise = Float32Array.from({ length: 1 << TABLE_BITS }, () => deviation * random.normal());
    this.#offsets = createRandom(seed + 1);
  }

  /**
   * Converts intensities of 0 to 255 to the bytes of one frame. Every row starts at a new position of the noise table.
   */
  expose(intensities: Float32Array, rowLength: number): Uint8Array {
    const bytes = new Uint8Array(intensities.length);
    const mask = this.#noise.length - 1;
    for (let start = 0; start < intensities.length; start += rowLength) {
      const offset = this.#offsets.index(this.#noise.length);
      for (let i = 0; i < rowLength; i++) {
        const value = intensities[start + i] + this.#noise[(offset + i) & mask];
        bytes[start + i] = min(255, max(0, round(value)));
      }
    }
    return bytes;
  }
}
