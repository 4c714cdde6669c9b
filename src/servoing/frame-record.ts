import type { CorrespondenceLoss } from '../vision/features/correspondences.js';
import type { GeometryModel } from '../vision/features/types.js';
import type { LostReason as PolicyLoss } from '../vision/servoing/servo-policy.js';
import type { Velocity } from '../vision/geometry/velocity.js';

/** Why a frame has no velocity. */
export type LostReason =
  CorrespondenceLoss | PolicyLoss['code'] | 'NETWORK_NON_FINITE' | 'GOAL_TOO_FEW_POINTS';

/**
 * How far the goal's points in a frame can be relied on. `tracking`: they agree with one rigid motion. `weak`: no motion
 * verified them, they are only likely. `lost`: there are none.
 */
type FrameStatus = 'tracking' | 'weak' | 'lost';

/** Result of one processed frame. */
export interface FrameRecord {
  /** Number of the frame in the current video, from 0. */
  readonly frame: number;
  readonly timeSeconds: number;
  /**
   * `[vx, vy, vz, wx, wy, wz]`: m/s (goal distances/s without a goal distance) and rad/s, current camera frame. `null`
   * where tracking was lost and in weak frames that are not used, with the cause in `reason`.
   */
  readonly velocity: Velocity | null;
  readonly status: FrameStatus;
  readonly reason: LostReason | null;
  readonly keypoints: number;
  /** Mutual matches that passed the ratio test; in weak frames those near their expected places. */
  readonly matches: number;
  /** Matches that agree with one camera motion; in weak frames those that are used. */
  readonly inliers: number;
  /** Two-view model that explained them. */
  readonly model: GeometryModel;
  /** Weighted mean distance of points to their goal positions, normalised image units; `null` when lost. */
  readonly featureError: number | null;
  /** Probability that the velocity points within 30 degrees of the right one; 0 without a velocity. */
  readonly confidence: number;
  /** True from the frame at which the stop rule counts the goal as reached. */
  readonly goalReached: boolean;
  /** Milliseconds by stage of this frame. */
  readonly timingsMs: { readonly detect: number; readonly match: number; readonly network: number };
}

/** The part of a record that reports show; frames of live sessions have it too. */
export type ReportedFrame = Omit<FrameRecord, 'model' | 'timingsMs' | 'reason'> & {
  readonly reason: string | null;
};

/** Correspondences of one frame, kept to draw its image, in pixels of the working size. */
export interface FrameMatches {
  readonly frame: number;
  /** Goal positions [n,2]. */
  readonly goal: Float32Array;
  /** Current positions [n,2]. */
  readonly current: Float32Array;
  readonly inliers: number;
  readonly matches: number;
}
