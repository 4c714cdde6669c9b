import type { Matrix3 } from './matrix3.js';
import type { Cost, MsacEstimate } from './msac-cost.js';
import { pairLoops } from './pair-loops.js';
import type { PointPairs } from './point-pairs.js';
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
  let best = start;
  let current = start.model;
  for (const factor of ROUNDS) {
    const near = { model: current, limit: factor * squaredThreshold, squaredThreshold };
    const fitted = kind.fitNear(pairs, near);
    if (fitted === null) break;
    const fittedCost = cost(fitted, Infinity);
    if (fittedCost < best.cost) best = { model: fitted, cost: fittedCost };
    current = fitted;
  }
  return { ...best, iterations: 0 };
}

/** Number of pairs nearer to `model` than the threshold. */
export function countInliers(
  kind: TwoViewModel,
  pairs: PointPairs,
  { model, squaredThreshold }: { readonly model: Matrix3; readonly squaredThreshold: number },
): number {
  const errors = pairLoops().measure(kind.name, pairs, model);
  let count = 0;
  for (let i = 0; i < pairs.count; i++) if (errors[i] < squaredThreshold) count++;
  return count;
}
