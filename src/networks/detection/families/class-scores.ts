import { sigmoid, type Reals } from '../numbers.js';

/** How a row of scores is converted to class probabilities. */
export interface ScoreRule {
  readonly activation: 'probabilities' | 'sigmoid' | 'softmax';
  readonly background: 'first' | 'last' | 'none';
}

/** Number of classes in a row of `columns` scores, without the background. */
export const classCount = (columns: number, { background }: Pick<ScoreRule, 'background'>): number =>
  background === 'none' ? columns : columns - 1;

/**
 * Probabilities of the classes in one row of scores, without the background.
 * @param scores one number per column
 */
export function classProbabilities(scores: Reals, { activation, background }: ScoreRule): Reals {
  const all = activate(scores, activation);
  if (background === 'none') return all;
  return background === 'first' ? all.subarray(1) : all.subarray(0, -1);
}

function activate(scores: Reals, activation: ScoreRule['activation']): Reals {
  // Not copied, because single-shot networks have a hundred thousand rows.
  if (activation === 'probabilities') return scores;
  if (activation === 'sigmoid') return Float64Array.from(scores, sigmoid);
  let largest = -Infinity;
  for (const score of scores) largest = Math.max(largest, score);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
