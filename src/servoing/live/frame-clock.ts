/** Upper limit of an interval, since the camera was not observed during longer pauses; microseconds. */
const MAX_INTERVAL_MICROS = 1_000_000;

/**
 * Non-decreasing time of a session's frames. Intervals are differences of the clients' capture times; if these are
 * equal, decreasing or implausible, the interval between the arrivals is used, limited to one second.
 */
export class FrameClock {
  readonly #now: () => number;
  #micros = 0;
  #capture: bigint | null = null;
  #arrival = 0;

  /** @param now monotonic clock, milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Registers the next frame. @returns its time in microseconds, from 0 */
  tick(captureMicros: bigint): number {
    const arrival = this.#now();
    if (this.#capture !== null) {
      const between = Number(captureMicros - this.#capture);
      const plausible = between > 0 && between <= MAX_INTERVAL_MICROS;
      this.#micros += plausible ? between : Math.min(MAX_INTERVAL_MICROS, 1000 * (arrival - this.#arrival));
    }
    this.#capture = captureMicros;
    this.#arrival = arrival;
    return this.#micros;
  }
}
