import { fromQuaternion, rotate, type Mat3 } from '../../geometry/rotation.js';
import { subtract, type Vec3 } from '../../geometry/vector.js';
import type { FittedPose } from './fitted-pose.js';

/** The turn around the scene's centre, then the place of that centre in the camera. */
const UNKNOWNS = 6;
/** The unknowns, and what the points miss. */
const COLUMNS = UNKNOWNS + 1;
/** Depth, in goal distances, from which on a point is in front of the camera. */
const NEAREST = 0.1;
/** Factor by which a depth may differ from the scene's. */
const DEPTH_RANGE = 3;
/** Keeps quotients finite for points without weight and for unknowns that no point determines. */
const SMALLEST = 1e-12;
const DAMPING = 1e-6;
/** Limit of each of the six numbers of a step. */
const MAX_MOVE = 1;

/** Points on the normalised plane, in both images. */
export interface FitPoints {
  /** `[M, 2]` */
  readonly goal: Float64Array;
  /** `[M, 2]` */
  readonly current: Float64Array;
}

/** The scene as the goal camera sees it, in goal distances. */
export interface FitScene {
  readonly centre: Vec3;
  /** Inverse depth of the points, unless they tell otherwise. */
  readonly inverse: number;
  /** Standard deviation of the inverse depths. */
  readonly relief: number;
}

/** The fit before a step. */
export interface FitState {
  readonly pose: FittedPose;
  /** Standard deviation of the positions. */
  readonly noise: number;
  /** Error at which a point counts a quarter. */
  readonly limit: number;
}

/** Sums over all points. */
export interface FitSums {
  readonly weight: number;
  /** Weighted squares of the errors. */
  readonly error: number;
}

interface View extends FittedPose {
  readonly rotation: Mat3;
  /** Place of the goal camera in the current one. */
  readonly goalCamera: Vec3;
}

/**
 * The equations of one Gauss-Newton step. The inverse depth of each point is an unknown of its own, which is eliminated: a
 * point with the rows `J` and the slope `e` with its inverse depth adds `J^T J - shrink (J^T e)(J^T e)^T`.
 */
export class FitEquations {
  /** `[M]` inverse depths in the goal camera. */
  readonly depths: Float64Array;
  readonly #points: FitPoints;
  readonly #scene: FitScene;
  /** `[7, 7]`, of which the upper triangle is used. */
  readonly #normal = new Float64Array(COLUMNS * COLUMNS);
  /** `[2, 7]` rows of the current point, and `[2]` its slope. */
  readonly #rows = new Float64Array(2 * COLUMNS);
  readonly #slope = new Float64Array(2);
  /** `[M, 7]` `J^T e` of each point. */
  readonly #along: Float64Array;
  readonly #shrink: Float64Array;
  readonly #system = new Float64Array(UNKNOWNS * COLUMNS);

  constructor(points: FitPoints, scene: FitScene) {
    const count = points.goal.length / 2;
    this.#points = points;
    this.#scene = scene;
    this.depths = new Float64Array(count).fill(scene.inverse);
    this.#along = new Float64Array(COLUMNS * count);
    this.#shrink = new Float64Array(count);
  }

  /** Sets up the equations at a pose. */
  collect({ pose, noise, limit }: FitState): FitSums {
    const rotation = fromQuaternion(pose.turn);
    const goalCamera = subtract(pose.centre, rotate(rotation, this.#scene.centre));
    const view = { ...pose, rotation, goalCamera };
    const stiffness = (noise / this.#scene.relief) ** 2;
    const tolerated = limit * limit;
    let [weights, errors] = [0, 0];
    this.#normal.fill(0);
    for (let i = 0; i < this.depths.length; i++) {
      const ahead = this.#look(i, view);
      const squared = this.#slope[0] * this.#slope[0] + this.#slope[1] * this.#slope[1];
      const error = this.#errorOf(i, stiffness + squared);
      const weight = ahead > NEAREST ? (tolerated / (tolerated + error)) ** 2 : 0;
      this.#shrink[i] = 1 / (stiffness / Math.max(weight, SMALLEST) + squared);
      this.#add(i, weight);
      weights += weight;
      errors += weight * error;
    }
    return { weight: weights, error: errors };
  }

  /**
   * Solves the equations by Gauss and Jordan.
   * @param prior `[6]` weight of each unknown's prior, which pulls it back by `change`, what the steps before moved it
   * @returns `[6]`
   */
  solve(prior: readonly number[], change: Float64Array): Float64Array {
    const system = this.#system;
    for (let i = 0; i < UNKNOWNS; i++) {
      for (let j = 0; j < COLUMNS; j++)
        system[COLUMNS * i + j] = this.#normal[COLUMNS * Math.min(i, j) + Math.max(i, j)];
      system[(COLUMNS + 1) * i] = system[(COLUMNS + 1) * i] * (1 + DAMPING) + prior[i];
      system[COLUMNS * i + UNKNOWNS] -= prior[i] * change[i];
    }
    const row = new Float64Array(COLUMNS);
    for (let k = 0; k < UNKNOWNS; k++) {
      const pivot = Math.max(system[(COLUMNS + 1) * k], SMALLEST);
      for (let j = 0; j < COLUMNS; j++) row[j] = system[COLUMNS * k + j] / pivot;
      for (let i = 0; i < UNKNOWNS; i++) {
        const factor = system[COLUMNS * i + k] - Number(i === k);
        for (let j = 0; j < COLUMNS; j++) system[COLUMNS * i + j] -= factor * row[j];
      }
    }
    return Float64Array.from({ length: UNKNOWNS }, (_, i) =>
      Math.max(-MAX_MOVE, Math.min(MAX_MOVE, system[COLUMNS * i + UNKNOWNS])),
    );
  }

  /** Estimates the depths after a step of {@link solve}. */
  updateDepths(move: Float64Array): void {
    const { inverse } = this.#scene;
    for (let i = 0; i < this.depths.length; i++) {
      let left = this.#along[COLUMNS * i + UNKNOWNS];
      for (let k = 0; k < UNKNOWNS; k++) left -= move[k] * this.#along[COLUMNS * i + k];
      const depth = inverse + this.#shrink[i] * left;
      this.depths[i] = Math.min(Math.max(depth, inverse / DEPTH_RANGE), inverse * DEPTH_RANGE);
    }
  }

  /** Writes the rows and the slope of a point. @returns its depth in the current camera */
  #look(i: number, { rotation: r, centre, goalCamera }: View): number {
    const { goal, current } = this.#points;
    const middle = this.#scene.centre;
    const rho = this.depths[i];
    const x = goal[2 * i] - middle[0] * rho;
    const y = goal[2 * i + 1] - middle[1] * rho;
    const z = 1 - middle[2] * rho;
    // From the scene's centre to the point, turned as the current camera is.
    const across = r[0] * x + r[1] * y + r[2] * z;
    const down = r[3] * x + r[4] * y + r[5] * z;
    const forward = r[6] * x + r[7] * y + r[8] * z;
    const ahead = forward + centre[2] * rho;
    const near = 1 / Math.max(ahead, NEAREST);
    const u = (across + centre[0] * rho) * near;
    const v = (down + centre[1] * rho) * near;
    const slope = this.#slope;
    slope[0] = (goalCamera[0] - u * goalCamera[2]) * near;
    slope[1] = (goalCamera[1] - v * goalCamera[2]) * near;
    const rows = this.#rows;
    rows[0] = -down * u * near;
    rows[1] = (forward + across * u) * near;
    rows[2] = -down * near;
    rows[3] = rho * near;
    rows[5] = -rho * u * near;
    rows[6] = current[2 * i] - u + slope[0] * (rho - this.#scene.inverse);
    rows[7] = -(forward + down * v) * near;
    rows[8] = across * v * near;
    rows[9] = across * near;
    rows[11] = rows[3];
    rows[12] = -rho * v * near;
    rows[13] = current[2 * i + 1] - v + slope[1] * (rho - this.#scene.inverse);
    return ahead;
  }

  /** Squared distance that the best depth of a point leaves, by the rows of {@link #look}. */
  #errorOf(i: number, stiffness: number): number {
    const [rows, slope, along] = [this.#rows, this.#slope, this.#along];
    for (let k = 0; k < COLUMNS; k++)
      along[COLUMNS * i + k] = rows[k] * slope[0] + rows[COLUMNS + k] * slope[1];
    const [x, y, explained] = [rows[UNKNOWNS], rows[COLUMNS + UNKNOWNS], along[COLUMNS * i + UNKNOWNS]];
    return Math.max(0, x * x + y * y - (explained * explained) / stiffness);
  }

  #add(i: number, weight: number): void {
    const [rows, along, normal] = [this.#rows, this.#along, this.#normal];
    const shrink = this.#shrink[i];
    for (let a = 0; a < COLUMNS; a++) {
      const x = weight * rows[a];
      const y = weight * rows[COLUMNS + a];
      const own = weight * shrink * along[COLUMNS * i + a];
      for (let b = a; b < COLUMNS; b++)
        normal[COLUMNS * a + b] += x * rows[b] + y * rows[COLUMNS + b] - own * along[COLUMNS * i + b];
    }
  }
}
