/** Longer pauses are no time that a camera stood still in front of its goal. */
const LONGEST_MICROS = 1_000_000;

/**
 * Time of a session's frames that never descends. Capture times of clients count; where they stand still, go back or
 * jump, the time between two arrivals does, and of longer pauses one second.
 */
export class FrameClock {
  readonly #now: () => number;
  #micros = 0;
  #capture: bigint | null = null;
  #arrival = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes the next frame. @returns its time in microseconds, from 0 */
  tick(captureMicros: bigint): number {
    const arrival = this.#now();
    if (this.#capture !== null) {
      const between = Number(captureMicros - this.#capture);
      const plausible = between > 0 && between <= LONGEST_MICROS;
      this.#micros += plausible ? between : Math.min(LONGEST_MICROS, 1000 * (arrival - this.#arrival));
    }
    this.#capture = captureMicros;
    this.#arrival = arrival;
    return this.#micros;
  }
}
