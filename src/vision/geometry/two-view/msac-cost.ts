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

/** Cost of a model; gives up and answers infinity when it will not be below `bound`. */
export type Cost = (model: Matrix3, bound: number) => number;

/** Pairs between two looks at whether a model is hopeless. */
const BLOCK = 16;

/**
 * How far the cost of the first k pairs, in units of sqrt(k), may lie above the share of the bound that is due by then.
 * Terms lie in 0..1, so their standard deviation is at most a half: two is four deviations.
 */
const BAIL_OUT_MARGIN = 2;

/**
 * The MSAC cost over all pairs, taken in `order` (random): a model whose first pairs cost far more than the bound allows
 * for them is given up (bail-out test in the manner of Capel 2005).
 */
export function createCost(
  kind: TwoViewModel,
  { count, data }: PointPairs,
  { squaredThreshold, order }: { readonly squaredThreshold: number; readonly order: Int32Array },
): Cost {
  return (model, bound) => {
    let sum = 0;
    for (let start = 0; start < count; start += BLOCK) {
      const end = Math.min(start + BLOCK, count);
      for (let k = start; k < end; k++) {
        const error = kind.squaredError(model, data, order[k]) / squaredThreshold;
        sum += error < 1 ? error : 1;
      }
      if (sum >= Math.min(bound, (bound * end) / count + BAIL_OUT_MARGIN * Math.sqrt(end))) return Infinity;
    }
    return sum;
  };
}
