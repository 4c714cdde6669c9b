import type { GeometryModel } from '../../inference/features/types.js';

/** Camera velocity `[vx, vy, vz, wx, wy, wz]` in the current camera frame, m/s (or goal distances/s) and rad/s. */
export type Velocity = readonly [number, number, number, number, number, number];

/** Why a frame has no velocity. */
export type LostReason = 'NO_KEYPOINTS' | 'TOO_FEW_MATCHES' | 'TOO_FEW_INLIERS';

/** What one processed frame gave. */
export interface FrameRecord {
  /** Number of the frame in the current video, from 0. */
  readonly frame: number;
  readonly timeSeconds: number;
  /** Null where tracking was lost; `reason` then says why. */
  readonly velocity: Velocity | null;
  readonly reason: LostReason | null;
  readonly keypoints: number;
  /** Mutual matches that passed the ratio test. */
  readonly matches: number;
  /** Matches that agree with one camera motion. */
  readonly inliers: number;
  /** Two-view model that explained them. */
  readonly model: GeometryModel;
  /** Weighted mean distance of points to their goal position, normalised image units; null when lost. */
  readonly featureError: number | null;
  /** 0 to 1; 0 when lost. */
  readonly confidence: number;
  /** From the first frame on where the stop rule counts the goal as reached. */
  readonly goalReached: boolean;
  /** Milliseconds by stage of this frame. */
  readonly timingsMs: { readonly detect: number; readonly match: number; readonly network: number };
}

/** Correspondences of one frame kept for its picture, in pixels of the working size. */
export interface FrameMatches {
  readonly frame: number;
  /** Goal positions [n,2]. */
  readonly goal: Float32Array;
  /** Current positions [n,2]. */
  readonly current: Float32Array;
  readonly inliers: number;
  readonly matches: number;
}
