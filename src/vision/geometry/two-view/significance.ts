/** How many of how many pairs agree with a model that was searched for. */
export interface Agreement {
  readonly pairs: number;
  readonly inliers: number;
  readonly sampleSize: number;
  /** Models through one sample (three for seven points). */
  readonly modelsPerSample: number;
  /** Probability that an unrelated pair is an inlier, 0..1. */
  readonly chance: number;
}

/**
 * Logarithm of the number of false alarms (a contrario reasoning of Moisan and Stival, 2004): how many models with at
 * least `inliers` inliers are to be expected in all of the choices of a random search when the `pairs` matches are
 * unrelated, each near a given model with probability `chance`. Far below zero: the agreement is no accident.
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
