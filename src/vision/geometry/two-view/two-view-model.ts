import type { Matrix3 } from './matrix3.js';
import type { PairRange, PointPairs } from './point-pairs.js';

/** A two-view model that {@link estimateMsac} can fit; implemented by the fundamental matrix and the homography. */
export interface TwoViewModel {
  /** Number of pairs of a minimal sample. */
  readonly sampleSize: number;
  /** Minimum number of pairs of the least squares fit. */
  readonly leastSquaresSize: number;
  /** All models through the sampled pairs; none for degenerate samples. */
  fitMinimal(pairs: PointPairs, sample: Int32Array): readonly Matrix3[];
  /** Weighted least squares over the first `count` of `indices` (weights in the same order); `null` when degenerate. */
  fitWeighted(pairs: PointPairs, weighted: WeightedPairs): Matrix3 | null;
  /**
   * Writes the squared distances of the pairs of a range to the model, first order (Sampson), in squared conditioned units. Most
   * of the time of a search is spent here, so the model is read once for many pairs.
   * @param errors receives the distances, from its start on
   */
  squaredErrors(model: Matrix3, range: PairRange, errors: Float64Array): void;
  /**
   * Squared algebraic residual of pair `i` per squared unit of distance: dividing weights by it makes algebraic least
   * squares minimise distances.
   */
  algebraicGain(model: Matrix3, data: Float64Array, i: number): number;
}

/** Pairs with weights for a least squares fit. */
export interface WeightedPairs {
  readonly indices: Int32Array;
  readonly weights: Float64Array;
  readonly count: number;
}
