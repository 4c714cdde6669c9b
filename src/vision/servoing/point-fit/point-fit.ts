import { length, scale, type Vec3 } from '../../geometry/vector.js';
import type { Velocity } from '../../geometry/velocity.js';
import { FitEquations, type FitPoints, type FitScene } from './fit-equations.js';
import { lawOf, movedPose, poseOf, type FittedPose } from './fitted-pose.js';
import { startPoses } from './start-poses.js';

const STEPS = 8;
/** Standard deviations of the rotation and of the centre's place, as shares of the velocity's length. */
const PRIOR_SHARE = { turn: 0.35, place: 0.25 };
/** What is added to both, radians and goal distances. */
const PRIOR_FLOOR = 0.0003;
/** Length at which the share is half of that: near the goal the network's memory averages the noise of many frames. */
const PRIOR_FADE = 0.004;
/** Standard deviation of the depths around the scene's, as a share of the points' extent in the image. */
const RELIEF = 1.3;
const [MIN_RELIEF, MAX_RELIEF] = [0.04, 0.35];
/** Error (normalised units) at which a point counts a quarter in the first step: at the goal, and what the velocity's length adds. */
const FIRST_LIMIT = { floor: 0.005, share: 0.03 };
/** The same in the last step, in standard deviations of the noise. */
const LAST_LIMIT = 2.5;
/** Standard deviation of the noise (normalised units). */
const NOISE = { least: 0.2 / 540, first: 1.5 / 540, largest: 4 / 540 };
/** Noise, and share of the points that agree, at which the network's answer counts as much as the fit. */
const [DOUBTFUL_NOISE, DOUBTFUL_SHARE] = [2 / 540, 0.3];
const LEAST_SHARE = 0.01;
/** Noise (normalised units) at which the results of several fits are compared. */
const COMPARED_NOISE = 3 / 540;
/** Share of agreeing points from which on the first fit is not doubted: other starts cost as much as several fits. */
const SURE_SHARE = 0.9;
/** A fit from another start must have this share of agreeing points, and at most this part of the first fit's disagreeing ones. */
const [MIN_OTHER_SHARE, MAX_MISSES] = [0.7, 0.8];
/** Other starts from which a fit is made: those with which most points agree to begin with, within this error. */
const PROMISING = { count: 3, noise: 0.02, limit: 0.1 };
/** Error at which a point counts a quarter in the first step from another start. */
const OTHER_FIRST_LIMIT = 0.02;
/** Points that choose among the starts, at most. */
const MAX_CHOOSING = 80;
/** Weight of the prior there: only unknowns that no point determines feel it. */
const NO_PRIOR = 1e-3;
/** Beyond this, in goal distances and radians per second, a fit has failed. */
const LARGEST = 50;

/** Points of one frame. */
export interface FitFrame {
  /** `[N, 2]` current positions on the normalised plane. */
  readonly current: Float32Array;
  /** Indices of the visible points. */
  readonly rows: readonly number[];
  /**
   * Whether the points agree with one rigid motion. With a few wrong ones among few, some other start always fits better, often
   * to a pose on the other side of the scene, and the network's answer is the safer one.
   */
  readonly verified: boolean;
}

/** Where a fit starts and what holds it there. */
interface FitStart {
  readonly pose: FittedPose;
  /** Error at which a point counts a quarter in the first step. */
  readonly limit: number;
  /** `[6]` weight of each unknown's prior. */
  readonly prior: readonly number[];
}

interface Fitted {
  readonly pose: FittedPose;
  readonly noise: number;
  /** Sum of the points' weights. */
  readonly agreeing: number;
  /** The same at {@link COMPARED_NOISE}. */
  readonly comparable: number;
  /** `[M]` inverse depths of the points. */
  readonly depths: Float64Array;
}

/**
 * Fits the pose behind a velocity to the points of a frame. A velocity of the reference law is a pose in other words: the
 * network's gives the first pose and the prior of a few Gauss-Newton steps, in which wrong matches lose their weight (Geman and
 * McClure), the noise of the others is estimated, and the depth of each point is eliminated. The same computation as in the
 * graphs `step` and `policy` (`training/cns/refinement.py`), in double precision and for the visible points alone. Where few points
 * of a verified frame agree with the result, which far aside happens to one frame in four, other poses are tried as well, of
 * {@link startPoses} the most promising ones.
 */
export class PointFit {
  readonly #goal: Float32Array;
  readonly #scene: FitScene;

  /** @param goal `[N, 2]` goal positions on the normalised plane */
  constructor(goal: Float32Array) {
    this.#goal = goal;
    this.#scene = sceneOf(goal);
  }

  /**
   * @param velocity of the network, translation in goal distances
   * @returns translation in goal distances; the given velocity where the points agree with no pose
   */
  fit(velocity: Velocity, { current, rows, verified }: FitFrame): Velocity {
    const pick = (points: Float32Array) =>
      Float64Array.from({ length: 2 * rows.length }, (_, k) => points[2 * rows[k >> 1] + (k & 1)]);
    const points: FitPoints = { goal: pick(this.#goal), current: pick(current) };
    const first = this.#fitFrom(this.#startOf(velocity), points);
    const doubted = verified && first.comparable < SURE_SHARE * rows.length;
    const { pose, noise, agreeing, depths } = doubted ? this.#fitAgain(first, points) : first;
    const share = Math.max(agreeing / Math.max(rows.length, 1), LEAST_SHARE);
    const trust = 1 / (1 + (noise / DOUBTFUL_NOISE) ** 8 + (DOUBTFUL_SHARE / share) ** 8);
    const law = lawOf(pose, this.#scene.centre, this.#centreOf(points, depths));
    const mixed = (k: number): number => velocity[k] + trust * (law[k] - velocity[k]);
    const fitted: Velocity = [mixed(0), mixed(1), mixed(2), mixed(3), mixed(4), mixed(5)];
    // Also false for NaN.
    return fitted.every((value) => Math.abs(value) < LARGEST) ? fitted : velocity;
  }

  #startOf(velocity: Velocity): FitStart {
    const size = length(velocity);
    const doubt = size ** 2 / (size + PRIOR_FADE);
    const weightOf = (share: number): number => (share * doubt + PRIOR_FLOOR) ** -2;
    const [turn, place] = [weightOf(PRIOR_SHARE.turn), weightOf(PRIOR_SHARE.place)];
    return {
      pose: poseOf(velocity, this.#scene.centre),
      limit: FIRST_LIMIT.floor + FIRST_LIMIT.share * size,
      prior: [turn, turn, turn, place, place, place],
    };
  }

  /** The result from another start that is clearly better than the first; the first if there is none. */
  #fitAgain(first: Fitted, points: FitPoints): Fitted {
    const some = thinned(points);
    const tried = this.#promising(startPoses(some, this.#scene), some).map((pose) => {
      const start = { pose, limit: OTHER_FIRST_LIMIT, prior: Array<number>(6).fill(NO_PRIOR) };
      return { start, fitted: this.#fitFrom(start, some) };
    });
    const best = tried.reduce((a, b) => (b.fitted.comparable > a.fitted.comparable ? b : a));
    const isBetter = (other: Fitted): boolean => missed(other) < MAX_MISSES * missed(first);
    if (!isBetter(best.fitted)) return first;
    const other = this.#fitFrom(best.start, points);
    return isBetter(other) && missed(other) < 1 - MIN_OTHER_SHARE ? other : first;
  }

  #promising(starts: readonly FittedPose[], points: FitPoints): FittedPose[] {
    const { count, noise, limit } = PROMISING;
    const equations = new FitEquations(points, this.#scene);
    return starts
      .map((pose) => ({ pose, agreeing: equations.collect({ pose, noise, limit }).weight }))
      .sort((a, b) => b.agreeing - a.agreeing)
      .slice(0, count)
      .map(({ pose }) => pose);
  }

  #fitFrom({ pose: start, limit: first, prior: weights }: FitStart, points: FitPoints): Fitted {
    const equations = new FitEquations(points, this.#scene);
    const change = new Float64Array(6);
    let pose = start;
    let noise = NOISE.first;
    let agreeing = 0;
    for (let step = 0; step < STEPS; step++) {
      const done = step / (STEPS - 1);
      const limit = first ** (1 - done) * (LAST_LIMIT * noise) ** done;
      const sums = equations.collect({ pose, noise, limit });
      const prior = weights.map((weight) => weight * noise ** 2);
      const move = equations.solve(prior, change);
      pose = movedPose(pose, move);
      move.forEach((value, k) => (change[k] += value));
      equations.updateDepths(move);
      agreeing = sums.weight;
      noise = Math.sqrt(sums.error / Math.max(2 * agreeing - 6, 2));
      noise = Math.max(NOISE.least, Math.min(NOISE.largest, noise));
    }
    const compared = { pose, noise: COMPARED_NOISE, limit: LAST_LIMIT * COMPARED_NOISE };
    return {
      pose,
      noise,
      agreeing,
      comparable: equations.collect(compared).weight,
      depths: equations.depths,
    };
  }

  /** Mean of all goal points in space; those that are not visible have the scene's depth. */
  #centreOf({ goal }: FitPoints, depths: Float64Array): Vec3 {
    const { centre, inverse } = this.#scene;
    let [x, y, z] = [0, 0, 0];
    for (let i = 0; i < depths.length; i++) {
      const more = 1 / depths[i] - 1 / inverse;
      x += goal[2 * i] * more;
      y += goal[2 * i + 1] * more;
      z += more;
    }
    const count = this.#goal.length / 2;
    // The centre is the mean of the points at the scene's depth.
    return [centre[0] + x / count, centre[1] + y / count, centre[2] + z / count];
  }
}

/** Share of the points that do not agree. */
const missed = ({ comparable, depths }: Fitted): number => 1 - comparable / depths.length;

/** Every so many-th point, {@link MAX_CHOOSING} at most. */
function thinned({ goal, current }: FitPoints): FitPoints {
  const stride = Math.ceil(goal.length / 2 / MAX_CHOOSING);
  const kept = (_: number, k: number): boolean => (k >> 1) % stride === 0;
  return { goal: goal.filter(kept), current: current.filter(kept) };
}

function sceneOf(goal: Float32Array): FitScene {
  const count = goal.length / 2;
  let [x, y] = [0, 0];
  for (let i = 0; i < count; i++) {
    x += goal[2 * i] / count;
    y += goal[2 * i + 1] / count;
  }
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (goal[2 * i] - x) ** 2 + (goal[2 * i + 1] - y) ** 2;
  const inverse = length([x, y, 1]);
  const relief = Math.max(MIN_RELIEF, Math.min(MAX_RELIEF, RELIEF * Math.sqrt(squares / count)));
  return { centre: scale([x, y, 1], 1 / inverse), inverse, relief: relief * inverse };
}
