import type { Matrix3 } from './matrix3.js';
import { pairLoops } from './pair-loops.js';
import type { PointPairs } from './point-pairs.js';
import type { TwoViewModel } from './two-view-model.js';

/** The best model found, in conditioned coordinates. */
export interface MsacEstimate {
  readonly model: Matrix3;
  /** Sum over pairs of min(squared error / squared threshold, 1). */
  readonly cost: number;
  /** Number of samples drawn until it was found. */
  readonly iterations: number;
}

/** Cost of a model; returns infinity early when it will not be below `bound`. */
export type Cost = (model: Matrix3, bound: number) => number;

/**
 * MSAC cost over all pairs, evaluated in random `order`; a model whose first pairs cost far more than their share of
 * the bound is abandoned (bail-out test after Capel 2005), the tolerance being 2 sqrt(k) after k pairs: terms lie in 0..1, so
 * their standard deviation is at most 1/2, and this is four deviations of their sum.
 */
export function createCost(
  kind: TwoViewModel,
  { count, data }: PointPairs,
  { squaredThreshold, order }: { readonly squaredThreshold: number; readonly order: Int32Array },
): Cost {
  const shuffled = new Float64Array(4 * count);
  for (let k = 0; k < count; k++) for (let c = 0; c < 4; c++) shuffled[4 * k + c] = data[4 * order[k] + c];
  return (model, bound) => pairLoops().cost(kind.name, shuffled, { model, squaredThreshold, bound });
}
