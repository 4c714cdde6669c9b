import type { Matrix3 } from './matrix3.js';
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

/** Number of pairs between two checks for an early exit. */
const BLOCK = 16;

/**
 * Tolerance of the early exit, in units of sqrt(k): how far the cost of the first k pairs may exceed its share of the
 * bound. Terms lie in 0..1, so their standard deviation is at most 1/2 and a margin of 2 is four deviations.
 */
const BAIL_OUT_MARGIN = 2;

/**
 * MSAC cost over all pairs, evaluated in random `order`; a model whose first pairs cost far more than their share of
 * the bound is abandoned (bail-out test after Capel 2005).
 */
export function createCost(
  kind: TwoViewModel,
  { count, data }: PointPairs,
  { squaredThreshold, order }: { readonly squaredThreshold: number; readonly order: Int32Array },
): Cost {
  const shuffled = new Float64Array(4 * count);
  for (let k = 0; k < count; k++) for (let c = 0; c < 4; c++) shuffled[4 * k + c] = data[4 * order[k] + c];
  const range = { data: shuffled, start: 0, end: 0 };
  const errors = new Float64Array(BLOCK);
  return (model, bound) => {
    let sum = 0;
    for (let start = 0; start < count; start += BLOCK) {
      const end = Math.min(start + BLOCK, count);
      range.start = start;
      range.end = end;
      kind.squaredErrors(model, range, errors);
      for (let k = 0; k < end - start; k++) {
        const error = errors[k] / squaredThreshold;
        sum += error < 1 ? error : 1;
      }
      if (sum >= Math.min(bound, (bound * end) / count + BAIL_OUT_MARGIN * Math.sqrt(end))) return Infinity;
    }
    return sum;
  };
}
