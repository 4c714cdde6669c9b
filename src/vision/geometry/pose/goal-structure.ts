import { NormalEquations } from '../normal-equations.js';
import { fromRotationVector, multiply, rotate } from '../rotation.js';
import { add, cross, dot, scale, type Vec3 } from '../vector.js';
import { rayOf, type RelativeView } from './relative-view.js';

/** Positions of the goal points in one frame. */
export interface SeenRows {
  /** Rows that are visible and agree with one motion. */
  readonly rows: readonly number[];
  /** `[N, 2]` normalised current positions. */
  readonly current: Float32Array;
}

const ROUNDS = 8;
/** Gauss-Newton stops when no component changes by more than this (radians, goal distances). */
const CONVERGED = 1e-7;
/** Huber threshold in normalised units: one pixel at a focal length of 540 pixels. */
const HUBER = 1 / 540;
/** Minimum number of points with known depth for a pose estimate. */
const MIN_POINTS = 8;

/**
 * Depths of the goal points, accumulated over the frames of a servo run. Near the goal, two views cannot tell a
 * rotation from a sideways translation; points with known depths can, so the pose stays accurate there.
 */
export class GoalStructure {
  readonly #goal: Float32Array;
  readonly #inverseDepth: Float64Array;
  readonly #weight: Float64Array;

  /** @param goal `[N, 2]` normalised goal positions */
  constructor(goal: Float32Array) {
    this.#goal = goal;
    this.#inverseDepth = new Float64Array(goal.length / 2);
    this.#weight = new Float64Array(goal.length / 2);
  }

  /** Adds the inverse depths of one frame to the weighted means. The weight is the squared baseline. */
  learn(rows: readonly number[], inverseDepths: readonly number[], { translation }: RelativeView): void {
    const weight = dot(translation, translation);
    rows.forEach((row, k) => {
      if (!(inverseDepths[k] > 0) || weight === 0) return;
      const total = this.#weight[row] + weight;
      this.#inverseDepth[row] += ((inverseDepths[k] - this.#inverseDepth[row]) * weight) / total;
      this.#weight[row] = total;
    });
  }

  /** Centroid of the points with known depth, goal frame; `null` while there are too few. */
  centre(): Vec3 | null {
    let [sum, count]: [Vec3, number] = [[0, 0, 0], 0];
    this.#weight.forEach((weight, row) => {
      if (weight === 0) return;
      sum = add(sum, scale(rayOf(this.#goal, row), 1 / this.#inverseDepth[row]));
      count += 1;
    });
    return count < MIN_POINTS ? null : scale(sum, 1 / count);
  }

  /** The view that minimises the reprojection error of the points with known depth; `null` when there are too few. */
  locate(start: RelativeView, seen: SeenRows): RelativeView | null {
    const rows = seen.rows.filter((row) => this.#weight[row] > 0);
    if (rows.length < MIN_POINTS) return null;
    let view = start;
    for (let round = 0; round < ROUNDS; round++) {
      const step = this.#gaussNewtonStep(view, rows, seen.current);
      if (step === null) return null;
      const [wx, wy, wz, tx, ty, tz] = step;
      view = {
        rotation: multiply(fromRotationVector([wx, wy, wz]), view.rotation),
        translation: add(view.translation, [tx, ty, tz]),
      };
      if (step.every((value) => Math.abs(value) < CONVERGED)) break;
    }
    return view;
  }

  /** One step for p = R g + rho t and a small rotation w: dp = w x R g + rho dt; x = X/Z changes by (dX - x dZ) / Z. */
  #gaussNewtonStep(
    { rotation, translation }: RelativeView,
    rows: readonly number[],
    current: Float32Array,
  ): number[] | null {
    const equations = new NormalEquations(6);
    for (const row of rows) {
      const rho = this.#inverseDepth[row];
      const turned = rotate(rotation, rayOf(this.#goal, row));
      const [px, py, pz] = add(turned, scale(translation, rho));
      if (!(pz > 0)) continue;
      const [x, y] = [px / pz, py / pz];
      const [errorX, errorY] = [current[2 * row] - x, current[2 * row + 1] - y];
      const error = Math.hypot(errorX, errorY);
      const weight = error > HUBER ? HUBER / error : 1;
      const [alongX, alongY] = [scale([1, 0, -x], 1 / pz), scale([0, 1, -y], 1 / pz)];
      equations.add([...cross(turned, alongX), ...scale(alongX, rho)], errorX, weight);
      equations.add([...cross(turned, alongY), ...scale(alongY, rho)], errorY, weight);
    }
    return equations.solve();
  }
}
