import type { Velocity } from '../geometry/velocity.js';
import { AppError } from '../../errors/app-error.js';

/** The points that a servo follows, on the normalised plane (`x = (u - cx) / fx`, x right, y down), and their clusters. */
export interface ServoGoal {
  /** `[N, 2]` goal positions, row by row. */
  readonly points: Float32Array;
  /** `[C, N]` of 0 and 1, row by row: which point belongs to which cluster; each to exactly one. */
  readonly member: Float32Array;
  /** `[C, 2]` goal positions of the clusters' centres. */
  readonly center: Float32Array;
}

/** Where the goal's points are in one frame. */
export interface ServoObservation {
  /** `[N, 2]` normalised positions; rows of points that are not visible are ignored, whatever they hold. */
  readonly current: Float32Array;
  /** `[N]`: 1 for a point with a correspondence in this frame, else 0. */
  readonly visible: Uint8Array;
}

/**
 * How a policy uses its memory: `sequence` carries it from frame to frame, as in a servo that the policy drives itself;
 * `frame` starts every frame without memory and leaves the sequence's memory as it is.
 */
export type MemoryMode = 'sequence' | 'frame';

/** A policy's answer for one frame: a velocity, or why there is none. */
export type PolicyStep =
  | { readonly velocity: Velocity; readonly lost: null }
  | { readonly velocity: null; readonly lost: LostReason };

/** Why a frame has no velocity. */
export interface LostReason {
  readonly code: 'TOO_FEW_POINTS' | 'DEGENERATE_POINTS';
  readonly message: string;
}

/**
 * From correspondences to a camera velocity: m/s and rad/s in the camera's current frame, what the camera should do.
 * Gain 1 asks for the whole remaining motion per second.
 */
export interface ServoPolicy {
  readonly name: 'cns' | 'ibvs' | 'pbvs';
  /**
   * Starts a servo: forgets everything about the one before.
   * @throws AppError `GOAL_TOO_FEW_POINTS` (invalid), `GOAL_INVALID` (internal) for arrays that do not fit together
   */
  setGoal(goal: ServoGoal): Promise<void>;
  /** One frame. A lost frame leaves the memory untouched. */
  step(observation: ServoObservation, options?: { readonly memory?: MemoryMode }): Promise<PolicyStep>;
}

/** What velocities are scaled by. */
export interface ServoScale {
  /** Metres from the goal camera to the scene; scales the translation alone. 1 unless given: then translation is in goal distances. */
  readonly goalDistance?: number;
  /** Factor on all six numbers; 1 unless given. */
  readonly gain?: number;
}

/** Correspondences below which a frame counts as lost: three points are the least that fix six numbers. */
export const MIN_FRAME_POINTS = 3;

/** Goal points below which a servo cannot start: with three alone the pose is ambiguous. */
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

/** Indices of the visible points. @throws AppError `OBSERVATION_INVALID` (internal) for arrays of another size than the goal's */
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

/** The answer for a frame with too few visible points. */
export const tooFewPoints = (count: number): PolicyStep => ({
  velocity: null,
  lost: {
    code: 'TOO_FEW_POINTS',
    message: `${String(count)} correspondences, at least ${String(MIN_FRAME_POINTS)} are needed.`,
  },
});
