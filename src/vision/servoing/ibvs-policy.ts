import { AppError } from '../../errors/app-error.js';
import type { Velocity } from '../geometry/velocity.js';
import { interactionFit, type PointMotions } from './interaction-fit.js';
import {
  checkGoal,
  MIN_FRAME_POINTS,
  tooFewPoints,
  visibleRows,
  type PolicyStep,
  type ServoGoal,
  type ServoObservation,
  type ServoPolicy,
  type ServoScale,
} from './servo-policy.js';

/** Huber's constant: 95 % efficiency relative to least squares for normal errors. */
const HUBER = 1.345;
/** Median length of a 2-vector of independent normal errors, in standard deviations: sqrt(2 ln 2). */
const RAYLEIGH_MEDIAN = Math.sqrt(2 * Math.LN2);
/** Minimum scale of the residuals (normalised units); keeps the scale above zero for perfect points. */
const MIN_SCALE = 1e-6;
const MAX_ROUNDS = 30;
/** Default convergence limit of the velocity, goal distances or radians per second. */
const TOLERANCE = 1e-6;

/** Settings of {@link IbvsPolicy}. */
export interface IbvsOptions extends ServoScale {
  /** Convergence limit of the iterations, in goal distances or radians per second; default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Classical image-based visual servoing with constant depth. Solved by iteratively reweighted least squares with Huber
 * weights, because wrong matches would dominate plain least squares. Stateless between frames.
 *
 * A static point at depth Z moves in the image of a camera with velocity (v, w) by the interaction matrix
 * `dx = -vx/Z + x vz/Z + x y wx - (1 + x^2) wy + y wz`, `dy = -vy/Z + y vz/Z + (1 + y^2) wx - x y wy - x wz`
 * (Chaumette and Hutchinson, Visual Servo Control I). The velocity is the one that moves every visible point to its
 * goal within one second, times the gain. Z is the goal distance for all points.
 */
export class IbvsPolicy implements ServoPolicy {
  readonly name = 'ibvs';
  readonly #goalDistance: number;
  readonly #gain: number;
  readonly #tolerance: number;
  #goal: Float32Array | null = null;

  constructor({ goalDistance = 1, gain = 1, tolerance = TOLERANCE }: IbvsOptions = {}) {
    this.#goalDistance = goalDistance;
    this.#gain = gain;
    this.#tolerance = tolerance;
  }

  setGoal(goal: ServoGoal): Promise<void> {
    checkGoal(goal);
    this.#goal = goal.points;
    return Promise.resolve();
  }

  step(observation: ServoObservation): Promise<PolicyStep> {
    const goal = this.#goal;
    if (goal === null) {
      return Promise.reject(new AppError('GOAL_MISSING', { message: 'setGoal comes before step.' }));
    }
    const rows = visibleRows(observation, goal.length / 2);
    if (rows.length < MIN_FRAME_POINTS) return Promise.resolve(tooFewPoints(rows.length));
    const solution = fitRobustly(motionsOf(observation.current, goal, rows), this.#tolerance);
    return Promise.resolve(solution === null ? DEGENERATE : { velocity: this.#scale(solution), lost: null });
  }

  /** The equations are solved for Z = 1; the depth only scales the translation. */
  #scale([vx, vy, vz, wx, wy, wz]: readonly number[]): Velocity {
    const far = this.#gain * this.#goalDistance;
    return [vx * far, vy * far, vz * far, wx * this.#gain, wy * this.#gain, wz * this.#gain];
  }
}

const DEGENERATE: PolicyStep = {
  velocity: null,
  lost: {
    code: 'DEGENERATE_POINTS',
    message: 'The visible points, such as all on one line, do not fix the motion.',
  },
};

/** Positions of the visible points and their displacements to the goal. */
function motionsOf(current: Float32Array, goal: Float32Array, rows: readonly number[]): PointMotions {
  const count = rows.length;
  const motions = {
    x: new Float64Array(count),
    y: new Float64Array(count),
    dx: new Float64Array(count),
    dy: new Float64Array(count),
  };
  rows.forEach((row, i) => {
    motions.x[i] = current[2 * row];
    motions.y[i] = current[2 * row + 1];
    motions.dx[i] = goal[2 * row] - current[2 * row];
    motions.dy[i] = goal[2 * row + 1] - current[2 * row + 1];
  });
  return motions;
}

function fitRobustly(motions: PointMotions, tolerance: number): number[] | null {
  const weights = new Float64Array(motions.x.length).fill(1);
  let solution = interactionFit(motions, weights);
  for (let round = 0; round < MAX_ROUNDS && solution !== null; round++) {
    weighByHuber(motions, solution, weights);
    const next = interactionFit(motions, weights);
    if (next === null) return null;
    const last = solution;
    solution = next;
    if (next.every((value, i) => Math.abs(value - last[i]) < tolerance)) break;
  }
  return solution;
}

/** Huber weight of each point from the length of its residual; the scale is estimated from the median residual. */
function weighByHuber(
  { x, y, dx, dy }: PointMotions,
  solution: readonly number[],
  weights: Float64Array,
): void {
  const [vx, vy, vz, wx, wy, wz] = solution;
  for (let i = 0; i < weights.length; i++) {
    const across = vz * x[i] - vx + x[i] * (wx * y[i] - wy * x[i]) - wy + wz * y[i] - dx[i];
    const down = vz * y[i] - vy + y[i] * (wx * y[i] - wy * x[i]) + wx - wz * x[i] - dy[i];
    weights[i] = Math.sqrt(across * across + down * down);
  }
  const median = weights.slice().sort()[weights.length >> 1];
  const limit = HUBER * Math.max(MIN_SCALE, median / RAYLEIGH_MEDIAN);
  for (let i = 0; i < weights.length; i++) weights[i] = weights[i] <= limit ? 1 : limit / weights[i];
}
