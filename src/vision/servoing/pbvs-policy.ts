import { AppError } from '../../errors/app-error.js';
import { GoalStructure, type SeenRows } from '../geometry/pose/goal-structure.js';
import { estimateRelativePose } from '../geometry/pose/relative-pose.js';
import type { RelativeView } from '../geometry/pose/relative-view.js';
import { IDENTITY_POSE, invert } from '../geometry/pose.js';
import { referenceVelocity } from './reference-law.js';
import { length, scale, type Vec3 } from '../geometry/vector.js';
import type { Velocity } from '../geometry/velocity.js';
import {
  checkGoal,
  MIN_FRAME_POINTS,
  tooFewPoints,
  visibleRows,
  type MemoryMode,
  type PolicyStep,
  type ServoGoal,
  type ServoObservation,
  type ServoPolicy,
  type ServoScale,
} from './servo-policy.js';

const NO_POSE: PolicyStep = {
  velocity: null,
  lost: {
    code: 'DEGENERATE_POINTS',
    message: 'The visible points agree on no camera motion from which a pose could be taken.',
  },
};

/**
 * Classical position-based visual servoing from two views: the relative camera pose comes from an essential matrix or a
 * homography, its scale from the distance between goal camera and scene, and the velocity from the reference law that
 * the network is trained on, so that the scene centre moves straight to its goal position.
 *
 * The depths of the goal points are kept in memory: near the goal, two views alone cannot tell rotation from sideways
 * translation.
 */
export class PbvsPolicy implements ServoPolicy {
  readonly name = 'pbvs';
  readonly #goalDistance: number;
  readonly #gain: number;
  #goal: Float32Array | null = null;
  #memory: SceneMemory | null = null;

  constructor({ goalDistance = 1, gain = 1 }: ServoScale = {}) {
    this.#goalDistance = goalDistance;
    this.#gain = gain;
  }

  setGoal(goal: ServoGoal): Promise<void> {
    checkGoal(goal);
    this.#goal = goal.points;
    this.#memory = { structure: new GoalStructure(goal.points), normal: null, view: null };
    return Promise.resolve();
  }

  step(
    observation: ServoObservation,
    { memory = 'sequence' }: { readonly memory?: MemoryMode } = {},
  ): Promise<PolicyStep> {
    const goal = this.#goal;
    if (goal === null) {
      return Promise.reject(new AppError('GOAL_MISSING', { message: 'setGoal comes before step.' }));
    }
    const rows = visibleRows(observation, goal.length / 2);
    if (rows.length < MIN_FRAME_POINTS) return Promise.resolve(tooFewPoints(rows.length));
    const remembered = memory === 'sequence' ? this.#memory : null;
    const located = locate({ goal, current: observation.current, rows }, this.#goalDistance, remembered);
    return Promise.resolve(located === null ? NO_POSE : { velocity: this.#towardsGoal(located), lost: null });
  }

  #towardsGoal({ rotation, translation, centre }: LocatedCamera): Velocity {
    // A view maps points from the goal frame to the current one; a pose maps the other way.
    const current = invert({ rotation, translation });
    const [vx, vy, vz, wx, wy, wz] = referenceVelocity(IDENTITY_POSE, current, centre);
    const gain = this.#gain;
    return [vx * gain, vy * gain, vz * gain, wx * gain, wy * gain, wz * gain];
  }
}

/** Knowledge about the scene from earlier frames. */
interface SceneMemory {
  readonly structure: GoalStructure;
  /** Plane normal in the goal frame; resolves the two-fold ambiguity of planar scenes. */
  normal: Vec3 | null;
  /** Last camera view. */
  view: RelativeView | null;
}

interface LocatedCamera extends RelativeView {
  readonly centre: Vec3;
}

interface Frame {
  readonly goal: Float32Array;
  readonly current: Float32Array;
  readonly rows: readonly number[];
}

/** Locates the camera relative to the goal, in metres: from two views, then refined with the known depths. */
function locate(
  { goal, current, rows }: Frame,
  goalDistance: number,
  memory: SceneMemory | null,
): LocatedCamera | null {
  const pick = (points: Float32Array): Float32Array =>
    Float32Array.from({ length: 2 * rows.length }, (_, k) => points[2 * rows[k >> 1] + (k & 1)]);
  const pairs = { goal: pick(goal), current: pick(current) };
  const estimate = estimateRelativePose(pairs, { expectedNormal: memory?.normal });
  if (estimate === null) return memory === null ? null : locateByMemory(memory, { rows, current });
  const metres = goalDistance / length(estimate.centre);
  const twoViews: LocatedCamera = {
    rotation: estimate.rotation,
    translation: scale(estimate.translation, metres),
    centre: scale(estimate.centre, metres),
  };
  if (memory === null) return twoViews;
  if (estimate.normal !== null) memory.normal = estimate.normal;
  const { structure } = memory;
  const agreeing = estimate.rows.map((k) => rows[k]);
  structure.learn(
    agreeing,
    estimate.inverseDepths.map((rho) => rho / metres),
    twoViews,
  );
  memory.view = twoViews;
  return locateByMemory(memory, { rows: agreeing, current }) ?? twoViews;
}

/** Locates the camera from the known depths alone, starting at its last view; `null` when too few depths are known. */
function locateByMemory(memory: SceneMemory, seen: SeenRows): LocatedCamera | null {
  const view = memory.view && memory.structure.locate(memory.view, seen);
  const centre = memory.structure.centre();
  if (view === null || centre === null) return null;
  memory.view = view;
  return { ...view, centre };
}
