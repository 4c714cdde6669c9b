import { heldError, HOLD_SECONDS, standsStill } from '../../vision/servoing/stop-rule.js';

const HOLD_MICROS = HOLD_SECONDS * 1e6;
/** Minimum number of frames in the half second before arrival, and of consecutive frames for leaving the goal. */
const MIN_FRAMES = 3;
/** Maximum number of stored frames. */
const MAX_FRAMES = 1024;
/** Errors above this multiple of the arrival limit are not noise. */
const LEAVING_FACTOR = 2;

interface Moment {
  readonly micros: number;
  readonly error: number;
}

/**
 * Arrival state of a live servo run, with hysteresis.
 *
 * Arrives by the stop rule, with the time of the frames instead of a frame rate: over half a second, at least three
 * frames have an error within 1.1 times the minimum plus 5e-4, and the error no longer falls. Leaves at the third
 * consecutive frame whose error exceeds both the rule's threshold and twice that limit, or that shows no point of the
 * goal. So neither a single bad frame nor noise around the limit changes the state. The rule then starts again.
 */
export class Arrival {
  readonly #threshold: number;
  #recent: readonly Moment[] = [];
  #least = Infinity;
  #away = 0;
  #arrived = false;

  /** @param threshold mean point error, normalised units, below which its minimum is tracked */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /**
   * Processes the next frame.
   * @param featureError null if no point is visible
   * @param micros time of the frame, non-decreasing
   */
  update(featureError: number | null, micros: number): boolean {
    const error = featureError ?? Infinity;
    if (this.#arrived) this.#mayLeave(error);
    else this.#mayArrive(error, micros);
    return this.#arrived;
  }

  #mayArrive(error: number, micros: number): void {
    if (error < this.#threshold || this.#least < Infinity) this.#least = Math.min(this.#least, error);
    const recent = [...this.#recent, { micros, error }].slice(-MAX_FRAMES);
    // Keep one frame that is at least half a second old.
    const older = recent.findLastIndex((moment) => moment.micros <= micros - HOLD_MICROS);
    this.#recent = recent.slice(Math.max(0, Math.min(older, recent.length - MIN_FRAMES)));
    const errors = this.#recent.map((moment) => moment.error);
    this.#arrived = older >= 0 && errors.length >= MIN_FRAMES && standsStill(errors, this.#least);
    if (this.#arrived) this.#recent = [];
  }

  #mayLeave(error: number): void {
    this.#least = Math.min(this.#least, error);
    const limit = Math.max(this.#threshold, LEAVING_FACTOR * heldError(this.#least));
    this.#away = error > limit ? this.#away + 1 : 0;
    if (this.#away < MIN_FRAMES) return;
    this.#arrived = false;
    this.#least = Infinity;
    this.#away = 0;
  }
}
