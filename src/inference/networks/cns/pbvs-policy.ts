import { AppError } from '../../../errors/app-error.js';
import { estimateRelativePose, type RelativePoseEstimate } from '../../features/pose/relative-pose.js';
import { IDENTITY_POSE, invert } from '../../math/pose.js';
import { teacherVelocity } from '../../math/teacher.js';
import { length, scale, type Vec3 } from '../../math/vector.js';
import type { Velocity } from '../../math/velocity.js';
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
 * Classical position-based visual servoing from two views: the relative pose of the cameras comes from an essential matrix
 * or a homography, its unit of length from the distance between goal camera and scene, and the velocity is the law that
 * the network is taught, so that the scene's centre goes straight to its place in the picture.
 *
 * Memory is the normal of a plane only: flat scenes allow two poses.
 */
export class PbvsPolicy implements ServoPolicy {
  readonly name = 'pbvs';
  readonly #goalDistance: number;
  readonly #gain: number;
  #goal: Float32Array | null = null;
  #normal: Vec3 | null = null;

  constructor({ goalDistance = 1, gain = 1 }: ServoScale = {}) {
    this.#goalDistance = goalDistance;
    this.#gain = gain;
  }

  setGoal(goal: ServoGoal): Promise<void> {
    checkGoal(goal);
    this.#goal = goal.points;
    this.#normal = null;
    return Promise.resolve();
  }

  step(
    observation: ServoObservation,
    { memory = 'sequence' }: { readonly memory?: MemoryMode } = {},
  ): Promise<PolicyStep> {
    const goal = this.#goal;
    if (goal === null) {
      return Promise.reject(
        new AppError({ code: 'GOAL_MISSING', kind: 'internal', message: 'setGoal comes before step.' }),
      );
    }
    const rows = visibleRows(observation, goal.length / 2);
    if (rows.length < MIN_FRAME_POINTS) return Promise.resolve(tooFewPoints(rows.length));
    const pick = (points: Float32Array): Float32Array =>
      Float32Array.from({ length: 2 * rows.length }, (_, k) => points[2 * rows[k >> 1] + (k & 1)]);
    const pairs = { goal: pick(goal), current: pick(observation.current) };
    const expectedNormal = memory === 'sequence' ? this.#normal : null;
    const estimate = estimateRelativePose(pairs, { expectedNormal });
    if (estimate === null) return Promise.resolve(NO_POSE);
    if (memory === 'sequence' && estimate.normal !== null) this.#normal = estimate.normal;
    return Promise.resolve({ velocity: this.#velocityFor(estimate), lost: null });
  }

  #velocityFor({ rotation, translation, centre }: RelativePoseEstimate): Velocity {
    const metres = this.#goalDistance / length(centre);
    // The estimate takes points from the goal frame to the current one; a pose goes the other way.
    const current = invert({ rotation, translation: scale(translation, metres) });
    const [vx, vy, vz, wx, wy, wz] = teacherVelocity(IDENTITY_POSE, current, scale(centre, metres));
    const gain = this.#gain;
    return [vx * gain, vy * gain, vz * gain, wx * gain, wy * gain, wz * gain];
  }
}
