import { AppError } from '../../../errors/app-error.js';
import type { Velocity } from '../../math/velocity.js';
import { NormalEquations } from '../../math/normal-equations.js';
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

/** Huber's constant: 95 % of least squares' efficiency on normal errors. */
const HUBER = 1.345;
/** Median length of a 2-vector of independent normal errors over their standard deviation: sqrt(2 ln 2). */
const RAYLEIGH_MEDIAN = Math.sqrt(2 * Math.LN2);
/** Residuals (normalised units) below this are all alike; keeps the scale away from zero on perfect points. */
const SMALLEST_SCALE = 1e-6;
const MAX_ROUNDS = 30;
/** Change of the velocity (goal distances or radians a second) at which a further round is not worth its time. */
const CONVERGED = 1e-6;

/**
 * Classical image-based visual servoing with constant depth, by iteratively reweighted least squares with Huber weights,
 * as wrong matches ruin the plain form. No memory.
 *
 * A still point at depth Z moves in the image of a camera with velocity (v, w) by the interaction matrix
 * `dx = -vx/Z + x vz/Z + x y wx - (1 + x^2) wy + y wz`, `dy = -vy/Z + y vz/Z + (1 + y^2) wx - x y wy - x wz`
 * (Chaumette and Hutchinson, Visual Servo Control I). The velocity is the one that moves every visible point to its goal
 * within a second, times the gain. Z is the goal distance for all points.
 */
export class IbvsPolicy implements ServoPolicy {
  readonly name = 'ibvs';
  readonly #goalDistance: number;
  readonly #gain: number;
  #goal: Float32Array | null = null;

  constructor({ goalDistance = 1, gain = 1 }: ServoScale = {}) {
    this.#goalDistance = goalDistance;
    this.#gain = gain;
  }

  setGoal(goal: ServoGoal): Promise<void> {
    checkGoal(goal);
    this.#goal = goal.points;
    return Promise.resolve();
  }

  step(observation: ServoObservation): Promise<PolicyStep> {
    const goal = this.#goal;
    if (goal === null) {
      return Promise.reject(
        new AppError({ code: 'GOAL_MISSING', kind: 'internal', message: 'setGoal comes before step.' }),
      );
    }
    const rows = visibleRows(observation, goal.length / 2);
    if (rows.length < MIN_FRAME_POINTS) return Promise.resolve(tooFewPoints(rows.length));
    const solution = fitRobustly(rows.map((row) => pointEquations(observation.current, goal, row)));
    return Promise.resolve(solution === null ? DEGENERATE : { velocity: this.#scale(solution), lost: null });
  }

  /** Equations are solved with Z = 1; depth only stretches the translation. */
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

/** Both image axes of one point: rows of the interaction matrix at depth 1, and the way left to the goal. */
interface PointEquations {
  readonly rows: readonly [readonly number[], readonly number[]];
  readonly way: readonly [number, number];
}

function pointEquations(current: Float32Array, goal: Float32Array, row: number): PointEquations {
  const x = current[2 * row];
  const y = current[2 * row + 1];
  return {
    rows: [
      [-1, 0, x, x * y, -(1 + x * x), y],
      [0, -1, y, 1 + y * y, -x * y, -x],
    ],
    way: [goal[2 * row] - x, goal[2 * row + 1] - y],
  };
}

function fitRobustly(points: readonly PointEquations[]): number[] | null {
  let solution = fit(points, null);
  for (let round = 0; round < MAX_ROUNDS && solution !== null; round++) {
    const next = fit(points, huberWeights(points, solution));
    if (next === null) return null;
    const change = Math.max(...next.map((value, i) => Math.abs(value - (solution?.[i] ?? 0))));
    solution = next;
    if (change < CONVERGED) break;
  }
  return solution;
}

function fit(points: readonly PointEquations[], weights: readonly number[] | null): number[] | null {
  const equations = new NormalEquations(6);
  points.forEach(({ rows, way }, i) => {
    const weight = weights?.[i] ?? 1;
    equations.add(rows[0], way[0], weight);
    equations.add(rows[1], way[1], weight);
  });
  return equations.solve();
}

/** Weight of each point by the length of its residual; the scale is estimated from their median. */
function huberWeights(points: readonly PointEquations[], solution: readonly number[]): number[] {
  const dot = (row: readonly number[]): number => row.reduce((sum, value, i) => sum + value * solution[i], 0);
  const lengths = points.map(({ rows, way }) => Math.hypot(dot(rows[0]) - way[0], dot(rows[1]) - way[1]));
  const median = [...lengths].sort((a, b) => a - b)[Math.floor(lengths.length / 2)];
  const limit = HUBER * Math.max(SMALLEST_SCALE, median / RAYLEIGH_MEDIAN);
  return lengths.map((length) => (length <= limit ? 1 : limit / length));
}
