import type { Matrix3 } from './matrix3.js';
import type { PointPairs } from './point-pairs.js';

/** A relation between two views that {@link estimateMsac} can fit: what differs between fundamental matrix and homography. */
export interface TwoViewModel {
  /** Pairs that determine it. */
  readonly sampleSize: number;
  /** Pairs that its least squares fit needs. */
  readonly leastSquaresSize: number;
  /** All models through the sampled pairs; none for degenerate samples. */
  fitMinimal(pairs: PointPairs, sample: Int32Array): readonly Matrix3[];
  /** Weighted least squares over the first `count` of `indices` (weights in the same order); `null` when degenerate. */
  fitWeighted(pairs: PointPairs, weighted: WeightedPairs): Matrix3 | null;
  /** Squared distance of pair `i` to the model, first order (Sampson), in squared conditioned units. */
  squaredError(model: Matrix3, data: Float64Array, i: number): number;
  /**
   * Squared size of the algebraic residual of pair `i` per squared unit of distance: dividing weights by it makes
   * algebraic least squares minimise distances.
   */
  algebraicGain(model: Matrix3, data: Float64Array, i: number): number;
}

/** Pairs with weights for a least squares fit. */
export interface WeightedPairs {
  readonly indices: Int32Array;
  readonly weights: Float64Array;
  readonly count: number;
}
