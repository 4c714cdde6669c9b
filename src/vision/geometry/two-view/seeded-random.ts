/** Uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * Deterministic random generator: the mulberry32 algorithm, a Weyl sequence scrambled by multiply-xorshift rounds.
 * Suitable for sampling, not for secrets.
 */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Fills `sample` with distinct numbers from 0..bound-1; requires `bound >= sample.length`. */
export function drawDistinct(random: Random, bound: number, sample: Int32Array): void {
  for (let k = 0; k < sample.length; k++) {
    let candidate = Math.floor(random() * bound);
    while (isAmong(sample, k, candidate)) candidate = Math.floor(random() * bound);
    sample[k] = candidate;
  }
}

function isAmong(sample: Int32Array, count: number, candidate: number): boolean {
  for (let k = 0; k < count; k++) if (sample[k] === candidate) return true;
  return false;
}

/** 0..n-1 in random order. */
export function shuffledIndices(random: Random, n: number): Int32Array {
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
