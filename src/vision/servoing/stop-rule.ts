import type { ServoObservation } from './servo-policy.js';

/** Mean point errors (normalised units), by detector, below which a camera at rest may count as arrived. */
const DEFAULT_STOP_THRESHOLDS: Readonly<Record<string, number>> = {
  ORB: 0.005,
  AKAZE: 0.005,
  SIFT: 0.002,
  BRISK: 0.002,
  learned: 0.01,
};

const SEEN_DECAY = 0.95;
/** Initial weight: that of a point seen in every frame so far, 1 / (1 - decay). */
const FIRST_SEEN = 20;
const DROPPED_SHARE = 0.1;
/** Time at rest after which a servo counts as arrived. */
export const HOLD_SECONDS = 0.5;
const RELATIVE_SLACK = 1.1;
const ABSOLUTE_SLACK = 5e-4;
/** Largest decrease of the mean error between the halves of the window that counts as no longer approaching. */
const MAX_FALL = 3e-5;

/** Settings of {@link StopRule}. */
export interface StopRuleOptions {
  /** `[N, 2]` goal positions on the normalised plane. */
  readonly goal: Float32Array;
  /** Mean point error below which tracking of the minimum starts. */
  readonly threshold: number;
  /** Time between processed frames: frameStep / fps. */
  readonly secondsPerFrame: number;
}

/** Result of the rule for one frame. */
export interface StopVerdict {
  /** Weighted mean distance of the visible points to their goals, normalised units; `null` when none is visible. */
  readonly featureError: number | null;
  /** Whether the rule holds at this frame: the camera is at its goal. */
  readonly settled: boolean;
}

/** Threshold of a detector: from the manifest, else the default, else that of learned detectors. */
export function stopThreshold(detector: string, thresholds: Readonly<Record<string, number>> = {}): number {
  const all = { ...DEFAULT_STOP_THRESHOLDS, ...thresholds };
  return Object.hasOwn(all, detector) ? all[detector] : all.learned;
}

/**
 * Decides when a servo run has arrived. After the first error below the threshold, the minimum error is tracked; the
 * rule holds when every error of the last half second is at most 1.1 times that minimum plus 5e-4, and the error has
 * stopped falling: its mean over the second half of these frames is less than 3e-5 below that over the first half. A
 * frame without visible points restarts the half second. docs/adr/0005-stop-rule.md explains why both conditions are
 * needed.
 *
 * The error of a frame weights each point by how often it was visible recently (w <- 0.95 w + visible, 20 at the start)
 * and ignores the 10 % of visible points with the largest errors, which are usually wrong matches.
 */
export class StopRule {
  readonly #goal: Float32Array;
  readonly #threshold: number;
  readonly #hold: number;
  readonly #seen: Float64Array;
  #recent: number[] = [];
  #least = Infinity;
  #frames = 0;
  #reachedFrame: number | null = null;

  constructor({ goal, threshold, secondsPerFrame }: StopRuleOptions) {
    this.#goal = goal;
    this.#threshold = threshold;
    this.#hold = Math.max(1, Math.round(HOLD_SECONDS / secondsPerFrame));
    this.#seen = new Float64Array(goal.length / 2).fill(FIRST_SEEN);
  }

  /**
   * Index (in calls of `update`, from 0) of the first frame at which the goal counts as reached; `null` before that.
   */
  get reachedFrame(): number | null {
    return this.#reachedFrame;
  }

  /** Processes the next frame. */
  update(observation: ServoObservation): StopVerdict {
    this.#remember(observation);
    const featureError = this.errorOf(observation);
    const error = featureError ?? Infinity;
    if (error < this.#threshold || this.#least < Infinity) this.#least = Math.min(this.#least, error);
    this.#recent = [...this.#recent, error].slice(-this.#hold);
    const settled = this.#recent.length === this.#hold && standsStill(this.#recent, this.#least);
    if (settled) this.#reachedFrame ??= this.#frames;
    this.#frames += 1;
    return { featureError, settled };
  }

  #remember({ visible }: ServoObservation): void {
    const seen = this.#seen;
    for (let row = 0; row < visible.length; row++) {
      seen[row] *= SEEN_DECAY;
      if (visible[row] !== 0) seen[row] += 1;
    }
  }

  /** The mean error of an observation with the weights of the frames so far; the rule stays as it is. */
  errorOf({ current, visible }: ServoObservation): number | null {
    const [goal, seen] = [this.#goal, this.#seen];
    const distances = new Float64Array(visible.length).fill(Infinity);
    let count = 0;
    for (let row = 0; row < visible.length; row++) {
      if (visible[row] === 0) continue;
      count += 1;
      const dx = current[2 * row] - goal[2 * row];
      const dy = current[2 * row + 1] - goal[2 * row + 1];
      distances[row] = Math.sqrt(dx * dx + dy * dy);
    }
    if (count === 0) return null;
    const farthest = distances.slice().sort()[count - Math.floor(DROPPED_SHARE * count) - 1];
    let [sum, weights] = [0, 0];
    for (let row = 0; row < visible.length; row++) {
      if (visible[row] === 0 || distances[row] > farthest) continue;
      sum += seen[row] * distances[row];
      weights += seen[row];
    }
    return sum / weights;
  }
}

/** Largest error that counts as standing at the goal. */
export const heldError = (least: number): number => RELATIVE_SLACK * least + ABSOLUTE_SLACK;

/**
 * Whether the errors of the hold window are those of a camera at rest at its goal.
 * @param least smallest error since it first fell below the threshold; Infinity before
 */
export function standsStill(errors: readonly number[], least: number): boolean {
  const limit = heldError(least);
  return least < Infinity && errors.every((value) => value <= limit) && fall(errors) <= MAX_FALL;
}

/** Mean of the first half minus mean of the second half; with an odd number, the middle one is left out. */
function fall(errors: readonly number[]): number {
  const half = Math.floor(errors.length / 2);
  if (half === 0) return 0;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return (sum(errors.slice(0, half)) - sum(errors.slice(-half))) / half;
}
