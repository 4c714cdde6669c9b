import type { Matrix3 } from './matrix3.js';
import type { PointPairs } from './point-pairs.js';
import type { TwoViewModel } from './two-view-model.js';

/** The best model found, in conditioned coordinates. */
export interface MsacEstimate {
  readonly model: Matrix3;
  /** Sum over pairs of min(squared error / squared threshold, 1). */
  readonly cost: number;
  /** Samples drawn when it was found. */
  readonly iterations: number;
}

/** Cost of a model; stops and answers infinity as soon as `bound` is reached. */
export type Cost = (model: Matrix3, bound: number) => number;

/** The MSAC cost over all pairs, taken in `order` (random, so that bad models are given up early). */
export function createCost(
  kind: TwoViewModel,
  { count, data }: PointPairs,
  { squaredThreshold, order }: { readonly squaredThreshold: number; readonly order: Int32Array },
): Cost {
  return (model, bound) => {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const error = kind.squaredError(model, data, order[k]) / squaredThreshold;
      sum += error < 1 ? error : 1;
      if (sum >= bound) return Infinity;
    }
    return sum;
  };
}
