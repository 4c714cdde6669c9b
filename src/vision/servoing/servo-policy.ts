import type { Velocity } from '../geometry/velocity.js';
import { AppError } from '../../errors/app-error.js';

/**
 * The points that a servo run tracks, on the normalised plane (`x = (u - cx) / fx`, x right, y down), and their
 * clusters.
 */
export interface ServoGoal {
  /** `[N, 2]` goal positions, row-major. */
  readonly points: Float32Array;
  /** `[C, N]` of 0 and 1, row-major: 1 where the point belongs to the cluster; each point belongs to exactly one. */
  readonly member: Float32Array;
  /** `[C, 2]` goal positions of the clusters' centres. */
  readonly center: Float32Array;
}

/** Positions of the goal points in one frame. */
export interface ServoObservation {
  /** `[N, 2]` normalised positions; rows of points that are not visible are ignored. */
  readonly current: Float32Array;
  /** `[N]`: 1 for a point with a correspondence in this frame, else 0. */
  readonly visible: Uint8Array;
}

/**
 * How a policy uses its memory: `sequence` carries it from frame to frame, as when the policy drives the camera;
 * `frame` starts every frame without memory and leaves the sequence memory unchanged.
 */
export type MemoryMode = 'sequence' | 'frame';

/** How a policy takes one frame. */
export interface StepOptions {
  readonly memory?: MemoryMode;
  /** Whether the points agree with one rigid motion; `true` unless given. */
  readonly verified?: boolean;
}

/** Result of a policy for one frame: a velocity, or the reason why there is none. */
export type PolicyStep =
  | { readonly velocity: Velocity; readonly lost: null }
  | { readonly velocity: null; readonly lost: LostReason };

/** Why a frame has no velocity. */
export interface LostReason {
  readonly code: 'TOO_FEW_POINTS' | 'DEGENERATE_POINTS';
  readonly message: string;
}

/**
 * Computes a camera velocity from correspondences: m/s and rad/s in the camera's current frame, the motion that the
 * camera should make. Gain 1 commands the whole remaining motion per second.
 */
export interface ServoPolicy {
  readonly name: 'cns' | 'ibvs' | 'pbvs';
  /**
   * Starts a servo run and clears the memory of the previous one.
   * @throws AppError `GOAL_TOO_FEW_POINTS` (invalid), `GOAL_INVALID` (internal) for arrays of inconsistent sizes
   */
  setGoal(goal: ServoGoal): Promise<void>;
  /** Processes one frame. A lost frame leaves the memory unchanged. */
  step(observation: ServoObservation, options?: StepOptions): Promise<PolicyStep>;
}

/** Scaling of velocities. */
export interface ServoScale {
  /**
   * Metres from the goal camera to the scene; scales only the translation. Default 1: translation in goal distances.
   */
  readonly goalDistance?: number;
  /** Factor on all six components; default 1. */
  readonly gain?: number;
}

/** Minimum correspondences of a usable frame: three points are the minimum that determines six unknowns. */
export const MIN_FRAME_POINTS = 3;

/** Minimum points of a goal: with only three the pose is ambiguous. */
export const MIN_GOAL_POINTS = 4;

/** Sizes of a goal: N points, C clusters. */
export interface GoalSize {
  readonly points: number;
  readonly clusters: number;
}

/** @throws AppError, see {@link ServoPolicy.setGoal} */
export function checkGoal({ points, member, center }: ServoGoal): GoalSize {
  const size = { points: points.length / 2, clusters: center.length / 2 };
  if (size.points < MIN_GOAL_POINTS) {
    throw new AppError('GOAL_TOO_FEW_POINTS', {
      message: `The goal frame has ${String(size.points)} usable points, at least ${String(MIN_GOAL_POINTS)} are needed.`,
      details: { points: size.points, limit: MIN_GOAL_POINTS },
    });
  }
  const whole = Number.isInteger(size.points) && Number.isInteger(size.clusters) && size.clusters >= 1;
  if (!whole || member.length !== size.points * size.clusters || !points.every(Number.isFinite)) {
    const message = `A goal of ${String(size.points)} points and ${String(size.clusters)} clusters with ${String(member.length)} memberships does not fit together.`;
    throw new AppError('GOAL_INVALID', { message });
  }
  return size;
}

/**
 * Indices of the visible points.
 * @throws AppError `OBSERVATION_INVALID` (internal) when array sizes do not match the goal's
 */
export function visibleRows({ current, visible }: ServoObservation, points: number): readonly number[] {
  if (visible.length !== points || current.length !== 2 * points) {
    const message = `A frame of ${String(visible.length)} points does not fit a goal of ${String(points)}.`;
    throw new AppError('OBSERVATION_INVALID', { message });
  }
  const rows: number[] = [];
  visible.forEach((seen, row) => {
    if (seen !== 0) rows.push(row);
  });
  return rows;
}

/** Result for a frame with too few visible points. */
export const tooFewPoints = (count: number): PolicyStep => ({
  velocity: null,
  lost: {
    code: 'TOO_FEW_POINTS',
    message: `${String(count)} correspondences, at least ${String(MIN_FRAME_POINTS)} are needed.`,
  },
});
