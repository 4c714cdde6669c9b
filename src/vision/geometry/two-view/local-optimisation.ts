import type { Matrix3 } from './matrix3.js';
import type { Cost, MsacEstimate } from './msac-cost.js';
import { wholeRange, type PointPairs } from './point-pairs.js';
import type { TwoViewModel } from './two-view-model.js';

/** State shared by the rounds of one search. */
export interface RefinementContext {
  readonly kind: TwoViewModel;
  readonly pairs: PointPairs;
  readonly squaredThreshold: number;
  readonly cost: Cost;
}

/**
 * Limits of the rounds as multiples of the squared inlier threshold: wide at first, since a minimal sample is noisy.
 */
const ROUNDS = [4, 2, 1, 1];

/**
 * Improves a model by rounds of weighted least squares on the pairs near it; returns the best model of all rounds,
 * including the start.
 */
export function refine(context: RefinementContext, start: { model: Matrix3; cost: number }): MsacEstimate {
  const { kind, pairs, squaredThreshold, cost } = context;
  const room = pairs.count;
  const weighted = {
    indices: new Int32Array(room),
    weights: new Float64Array(room),
    errors: new Float64Array(room),
  };
  let best = start;
  let current = start.model;
  for (const factor of ROUNDS) {
    const count = weighNear(context, { model: current, limit: factor * squaredThreshold, ...weighted });
    if (count < kind.leastSquaresSize) break;
    const fitted = kind.fitWeighted(pairs, { ...weighted, count });
    if (fitted === null) break;
    const fittedCost = cost(fitted, Infinity);
    if (fittedCost < best.cost) best = { model: fitted, cost: fittedCost };
    current = fitted;
  }
  return { ...best, iterations: 0 };
}

interface Weighing {
  readonly model: Matrix3;
  readonly limit: number;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
  /** Scratch memory. */
  readonly errors: Float64Array;
}

/**
 * Collects the pairs nearer than `limit`, with weight 1 / (1 + 4 e / T^2) times the conversion from algebraic to
 * geometric error; returns their number.
 */
function weighNear({ kind, pairs, squaredThreshold }: RefinementContext, weighing: Weighing): number {
  const { model, limit, indices, weights, errors } = weighing;
  kind.squaredErrors(model, wholeRange(pairs), errors);
  let count = 0;
  for (let i = 0; i < pairs.count; i++) {
    const error = errors[i];
    if (!(error < limit)) continue;
    indices[count] = i;
    weights[count++] =
      1 / ((1 + (4 * error) / squaredThreshold) * (kind.algebraicGain(model, pairs.data, i) + 1e-12));
  }
  return count;
}

/** Number of pairs nearer to `model` than the threshold. */
export function countInliers(
  kind: TwoViewModel,
  pairs: PointPairs,
  { model, squaredThreshold }: { readonly model: Matrix3; readonly squaredThreshold: number },
): number {
  const errors = new Float64Array(pairs.count);
  kind.squaredErrors(model, wholeRange(pairs), errors);
  let count = 0;
  for (let i = 0; i < pairs.count; i++) if (errors[i] < squaredThreshold) count++;
  return count;
}
