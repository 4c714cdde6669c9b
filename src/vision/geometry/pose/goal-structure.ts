import { NormalEquations } from '../normal-equations.js';
import { fromRotationVector, multiply, rotate } from '../rotation.js';
import { add, cross, dot, scale, type Vec3 } from '../vector.js';
import { rayOf, type RelativeView } from './relative-view.js';

/** One frame's points, row by row of the goal's points. */
export interface SeenRows {
  /** Rows that were seen and agree with one motion. */
  readonly rows: readonly number[];
  /** `[N, 2]` normalised current positions. */
  readonly current: Float32Array;
}

const ROUNDS = 8;
/** Change (radians, goal distances) at which a further round is not worth its time. */
const CONVERGED = 1e-7;
/** Error (normalised units) from which on a point pulls no harder: a pixel at 540 pixels of focal length. */
const HUBER = 1 / 540;
/** Fewest known points that a pose is taken from. */
const FEWEST_POINTS = 8;

/**
 * Depths of a goal's points, gathered over the frames of a servo. Two views close to each other do not distinguish rotation from
 * moving aside; points at known depths do, so that a camera near its goal is located as well as one far from it.
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

  /** Takes inverse depths of one frame into the weighted means; longer ways between the cameras count by their square. */
  learn(rows: readonly number[], inverseDepths: readonly number[], { translation }: RelativeView): void {
    const weight = dot(translation, translation);
    rows.forEach((row, k) => {
      if (!(inverseDepths[k] > 0) || weight === 0) return;
      const total = this.#weight[row] + weight;
      this.#inverseDepth[row] += ((inverseDepths[k] - this.#inverseDepth[row]) * weight) / total;
      this.#weight[row] = total;
    });
  }

  /** Mean of the points whose depth is known, goal frame; `null` while too few are. */
  centre(): Vec3 | null {
    let [sum, count]: [Vec3, number] = [[0, 0, 0], 0];
    this.#weight.forEach((weight, row) => {
      if (weight === 0) return;
      sum = add(sum, scale(rayOf(this.#goal, row), 1 / this.#inverseDepth[row]));
      count += 1;
    });
    return count < FEWEST_POINTS ? null : scale(sum, 1 / count);
  }

  /** The view that brings the known points nearest to where they are seen; `null` when too few are known. */
  locate(start: RelativeView, seen: SeenRows): RelativeView | null {
    const rows = seen.rows.filter((row) => this.#weight[row] > 0);
    if (rows.length < FEWEST_POINTS) return null;
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

  /** With p = R g + rho t and a turn w: dp = w x R g + rho dt, and x = X/Z moves by (dX - x dZ) / Z. */
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
      const [missX, missY] = [current[2 * row] - x, current[2 * row + 1] - y];
      const miss = Math.hypot(missX, missY);
      const weight = miss > HUBER ? HUBER / miss : 1;
      const [alongX, alongY] = [scale([1, 0, -x], 1 / pz), scale([0, 1, -y], 1 / pz)];
      equations.add([...cross(turned, alongX), ...scale(alongX, rho)], missX, weight);
      equations.add([...cross(turned, alongY), ...scale(alongY, rho)], missY, weight);
    }
    return equations.solve();
  }
}
