const { cos, exp, floor, imul, log, sqrt, PI } = Math;

/** Deterministic random numbers: the same seed gives the same images. */
export interface SeededRandom {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  range(low: number, high: number): number;
  /** Log-uniform between two positive limits. */
  logRange(low: number, high: number): number;
  /** Integer from 0 to `count - 1`. */
  index(count: number): number;
  /** One element of a non-empty list. */
  pick<T>(list: readonly T[]): T;
  /** Normal deviate with mean 0 and deviation 1. */
  normal(): number;
}

/** The mulberry32 generator: 32 bits of state, sufficient for images, and exact integer arithmetic on every machine. */
export function createRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const range = (low: number, high: number): number => low + (high - low) * next();
  const index = (count: number): number => floor(next() * count);
  return {
    next,
    range,
    index,
    logRange: (low, high) => exp(range(log(low), log(high))),
    pick: (list) => list[index(list.length)],
    normal: () => sqrt(-2 * log(1 - next())) * cos(2 * PI * next()),
  };
}
