import { solveNormalEquations } from '../../../src/vision/geometry/normal-equations.js';
import { probabilityOf } from '../../../src/vision/servoing/confidence.js';

/** One observation: its features and whether it was right. */
export interface Observation {
  readonly features: readonly number[];
  readonly right: boolean;
}

const ROUNDS = 50;
const CONVERGED = 1e-10;

/**
 * Coefficients of the logistic regression of `right` on the features, by Newton's method.
 * @param observations at least one
 * @param ridge penalty on the square of each but the first, in observations: keeps rare features from wild values
 */
export function fitLogistic(
  observations: readonly Observation[],
  ridge: (coefficient: number) => number,
): number[] {
  const width = observations[0].features.length;
  let coefficients = new Array<number>(width).fill(0);
  for (let round = 0; round < ROUNDS; round++) {
    const step = newtonStep(observations, coefficients, ridge);
    if (step === null) throw new Error('The features do not determine the coefficients.');
    coefficients = coefficients.map((value, k) => value + step[k]);
    if (step.every((change) => Math.abs(change) < CONVERGED)) break;
  }
  return coefficients;
}

function newtonStep(
  observations: readonly Observation[],
  coefficients: readonly number[],
  ridge: (coefficient: number) => number,
): number[] | null {
  const width = coefficients.length;
  const curvature = new Float64Array(width * width);
  const gradient = new Float64Array(width);
  for (const { features, right } of observations) {
    const p = probabilityOf(features, coefficients);
    for (let i = 0; i < width; i++) {
      gradient[i] += ((right ? 1 : 0) - p) * features[i];
      for (let j = 0; j <= i; j++) curvature[width * i + j] += p * (1 - p) * features[i] * features[j];
    }
  }
  for (let i = 0; i < width; i++) {
    const penalty = i === 0 ? 1e-6 : ridge(i);
    gradient[i] -= penalty * coefficients[i];
    curvature[width * i + i] += penalty;
  }
  return solveNormalEquations(curvature, gradient);
}
