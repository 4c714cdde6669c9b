import type { Matrix3 } from './matrix3.js';
import type { Cost, MsacEstimate } from './msac-cost.js';
import type { PointPairs } from './point-pairs.js';
import type { TwoViewModel } from './two-view-model.js';

/** What one search shares between its rounds. */
export interface RefinementContext {
  readonly kind: TwoViewModel;
  readonly pairs: PointPairs;
  readonly squaredThreshold: number;
  readonly cost: Cost;
}

/** Squared thresholds of the rounds, in squared inlier thresholds: wide at first, since a minimal sample is noisy. */
const ROUNDS = [4, 2, 1, 1];

/**
 * Improves a model by rounds of weighted least squares on the pairs near it; the best model of all rounds and the
 * start is returned.
 */
export function refine(context: RefinementContext, start: { model: Matrix3; cost: number }): MsacEstimate {
  const { kind, pairs, squaredThreshold, cost } = context;
  const weighted = { indices: new Int32Array(pairs.count), weights: new Float64Array(pairs.count) };
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
}

/** Collects the pairs nearer than `limit`, weighted by 1 / (1 + 4 e / T^2) and to geometric scale; returns how many. */
function weighNear({ kind, pairs, squaredThreshold }: RefinementContext, weighing: Weighing): number {
  const { model, limit, indices, weights } = weighing;
  let count = 0;
  for (let i = 0; i < pairs.count; i++) {
    const error = kind.squaredError(model, pairs.data, i);
    if (!(error < limit)) continue;
    indices[count] = i;
    weights[count++] =
      1 / ((1 + (4 * error) / squaredThreshold) * (kind.algebraicGain(model, pairs.data, i) + 1e-12));
  }
  return count;
}

/** Pairs nearer to `model` than the threshold. */
export function countInliers(
  kind: TwoViewModel,
  pairs: PointPairs,
  { model, squaredThreshold }: { readonly model: Matrix3; readonly squaredThreshold: number },
): number {
  let count = 0;
  for (let i = 0; i < pairs.count; i++) {
    if (kind.squaredError(model, pairs.data, i) < squaredThreshold) count++;
  }
  return count;
}
