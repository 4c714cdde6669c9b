import type { ClassifyOptions, ClassPrediction } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';

/** Meaning of a network's output. `sigmoid` gives each class an independent probability. */
export type Activation = 'logits' | 'probabilities' | 'sigmoid';

/** Classes and confidence of one image. */
export interface JudgedScores {
  readonly predictions: readonly ClassPrediction[];
  /** In bits; see `Classification` in the domain. */
  readonly entropy: number;
  readonly margin: number;
}

/** Softmax. The largest score is subtracted first to avoid overflow. */
export function softmax(scores: ArrayLike<number>): Float64Array {
  const result = new Float64Array(scores.length);
  let largest = -Infinity;
  for (let index = 0; index < scores.length; index += 1) largest = Math.max(largest, scores[index]);
  let sum = 0;
  for (let index = 0; index < scores.length; index += 1) {
    result[index] = Math.exp(scores[index] - largest);
    sum += result[index];
  }
  for (let index = 0; index < result.length; index += 1) result[index] /= sum;
  return result;
}

/**
 * Converts scores to probabilities.
 * @throws AppError `MODEL_OUTPUT_INVALID` (invalid) for values that are not finite, or not probabilities
 *   although the manifest declares them as such
 */
export function toProbabilities(scores: ArrayLike<number>, activation: Activation): Float64Array {
  for (let index = 0; index < scores.length; index += 1) {
    if (!Number.isFinite(scores[index])) throw outputInvalid(`holds ${String(scores[index])}`);
  }
  if (activation === 'logits') return softmax(scores);
  if (activation === 'sigmoid') return Float64Array.from(scores, (score) => 1 / (1 + Math.exp(-score)));
  return Float64Array.from(scores, (score) => {
    // Half precision may exceed the bounds slightly.
    if (score < -1e-3 || score > 1 + 1e-3) {
      throw outputInvalid(`contains ${String(score)}, although its manifest declares probabilities`);
    }
    return Math.min(1, Math.max(0, score));
  });
}

/**
 * The requested classes in descending order, with measures of confidence. `labels` may be shorter than the
 * number of classes.
 */
export function judgeScores(
  probabilities: Float64Array,
  labels: readonly string[],
  options: ClassifyOptions,
): JudgedScores {
  const count = options.allClasses ? probabilities.length : Math.min(options.topK, probabilities.length);
  const best = bestIndices(probabilities, Math.max(count, 2));
  const predictions = best
    .slice(0, count)
    .filter((index) => probabilities[index] >= options.threshold)
    .map((index) => ({
      label: labels[index] ?? `class_${String(index)}`,
      index,
      probability: probabilities[index],
    }));
  const margin = best.length > 1 ? probabilities[best[0]] - probabilities[best[1]] : 1;
  return { predictions, entropy: entropyBits(probabilities), margin };
}

/** Indices of the `count` largest values in descending order; equal values in ascending order of index. */
function bestIndices(values: Float64Array, count: number): number[] {
  const before = (a: number, b: number): number => values[b] - values[a] || a - b;
  if (count >= values.length) return [...values.keys()].sort(before);
  const best: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    if (best.length === count && values[index] <= values[best[count - 1]]) continue;
    if (best.length === count) best.pop();
    let place = best.length;
    while (place > 0 && values[best[place - 1]] < values[index]) place -= 1;
    best.splice(place, 0, index);
  }
  return best;
}

function entropyBits(probabilities: Float64Array): number {
  const total = probabilities.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 0;
  return probabilities.reduce((entropy, value) => {
    const share = value / total;
    return share > 0 ? entropy - share * Math.log2(share) : entropy;
  }, 0);
}

const outputInvalid = (what: string): AppError =>
  new AppError('MODEL_OUTPUT_INVALID', { message: `The network's output ${what}.` });
