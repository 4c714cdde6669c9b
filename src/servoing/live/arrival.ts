import { heldError, HOLD_SECONDS, standsStill } from '../../vision/servoing/stop-rule.js';

const HOLD_MICROS = HOLD_SECONDS * 1e6;
/** Frames of the half second, however slow they come; and frames that it takes to leave the goal again. */
const LEAST_FRAMES = 3;
/** Frames that are remembered, however fast they come. */
const MOST_FRAMES = 1024;
/** Errors this many times the largest at the goal are no noise any more. */
const LEAVING_FACTOR = 2;

interface Moment {
  readonly micros: number;
  readonly error: number;
}

/**
 * When a live servo counts as arrived, and when no longer. It arrives by the stop rule, with time from the frames instead
 * of a frame rate: at least three frames over half a second within 1.1 times the least error plus 5e-4, and no longer
 * falling. It leaves with the third frame in a row whose error is over the rule's threshold and twice that limit, or that
 * shows no point of the goal: a single bad frame changes nothing, and the two limits lie apart, so that noise does not
 * make it come and go. Then the rule begins anew.
 */
export class Arrival {
  readonly #threshold: number;
  #recent: readonly Moment[] = [];
  #least = Infinity;
  #away = 0;
  #arrived = false;

  /** @param threshold mean point error, normalised units, from which on its least is followed */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /**
   * Takes the next frame.
   * @param featureError null where no point is visible
   * @param micros time of the frame, never descending
   */
  update(featureError: number | null, micros: number): boolean {
    const error = featureError ?? Infinity;
    if (this.#arrived) this.#mayLeave(error);
    else this.#mayArrive(error, micros);
    return this.#arrived;
  }

  #mayArrive(error: number, micros: number): void {
    if (error < this.#threshold || this.#least < Infinity) this.#least = Math.min(this.#least, error);
    const recent = [...this.#recent, { micros, error }].slice(-MOST_FRAMES);
    // The oldest that stays is the last one that is half a second old.
    const older = recent.findLastIndex((moment) => moment.micros <= micros - HOLD_MICROS);
    this.#recent = recent.slice(Math.max(0, Math.min(older, recent.length - LEAST_FRAMES)));
    const errors = this.#recent.map((moment) => moment.error);
    this.#arrived = older >= 0 && errors.length >= LEAST_FRAMES && standsStill(errors, this.#least);
    if (this.#arrived) this.#recent = [];
  }

  #mayLeave(error: number): void {
    this.#least = Math.min(this.#least, error);
    const limit = Math.max(this.#threshold, LEAVING_FACTOR * heldError(this.#least));
    this.#away = error > limit ? this.#away + 1 : 0;
    if (this.#away < LEAST_FRAMES) return;
    this.#arrived = false;
    this.#least = Infinity;
    this.#away = 0;
  }
}
