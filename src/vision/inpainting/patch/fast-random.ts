/**
 * Deterministic random integers for inner loops: a 32-bit xorshift generator (Marsaglia 2003) whose state V8 keeps in a
 * register. Sufficient for drawing candidates.
 */
export class FastRandom {
  #state: number;

  constructor(seed: number) {
    // The state must not be 0; the multiplication and the discarded values spread small seeds.
    this.#state = Math.imul(seed | 0, 0x9e3779b1) | 1;
    for (let k = 0; k < 4; k++) this.below(2);
  }

  /** An integer from 0 to `bound` - 1; `bound` is at most 2^24. */
  below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return Math.floor(((state >>> 8) / 16777216) * bound);
  }
}
