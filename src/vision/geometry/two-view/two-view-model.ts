import type { Matrix3 } from './matrix3.js';
import type { NearPairs, PairModel } from './pair-loops.js';
import type { PointPairs } from './point-pairs.js';

/** A two-view model that {@link estimateMsac} can fit; implemented by the fundamental matrix and the homography. */
export interface TwoViewModel {
  readonly name: PairModel;
  /** Number of pairs of a minimal sample. */
  readonly sampleSize: number;
  /** All models through the sampled pairs; none for degenerate samples. */
  fitMinimal(pairs: PointPairs, sample: Int32Array): readonly Matrix3[];
  /**
   * Weighted least squares on the pairs near a model, with weight 1 / (1 + 4 e / T^2) times the conversion from algebraic to
   * geometric error; `null` when they are too few or degenerate.
   */
  fitNear(pairs: PointPairs, near: Omit<NearPairs, 'least'>): Matrix3 | null;
}
