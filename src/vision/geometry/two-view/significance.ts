/** Number of pairs that agree with a model found by random search. */
export interface Agreement {
  readonly pairs: number;
  readonly inliers: number;
  readonly sampleSize: number;
  /** Number of models through one minimal sample (three for seven points). */
  readonly modelsPerSample: number;
  /** Probability that an unrelated pair is an inlier, 0..1. */
  readonly chance: number;
}

/**
 * Logarithm of the number of false alarms (a contrario test of Moisan and Stival, 2004): the expected number of models
 * with at least `inliers` inliers over all choices of a random search when the `pairs` matches are unrelated and each
 * is near a given model with probability `chance`. Values far below zero mean that the agreement is not accidental.
 */
export function logFalseAlarms(agreement: Agreement): number {
  const { pairs, inliers, sampleSize, modelsPerSample, chance } = agreement;
  if (inliers <= sampleSize || pairs <= sampleSize) return Infinity;
  return (
    Math.log(modelsPerSample * (pairs - sampleSize)) +
    logBinomial(pairs, inliers) +
    logBinomial(inliers, sampleSize) +
    (inliers - sampleSize) * Math.log(Math.min(1, chance))
  );
}

function logBinomial(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= Math.min(k, n - k); i++) sum += Math.log((n - i + 1) / i);
  return sum;
}
