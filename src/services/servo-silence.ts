/** Calls once when nothing has happened for a time; the next event starts it again. */
export class SilenceTimer {
  readonly #afterMs: number;
  readonly #onSilence: (silentMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;

  constructor(afterMs: number, onSilence: (silentMs: number) => void) {
    this.#afterMs = afterMs;
    this.#onSilence = onSilence;
  }

  /** Something happened. */
  touch(): void {
    this.#since = performance.now();
    // One timer for the whole session: there may be hundreds of frames a second.
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#onSilence(performance.now() - this.#since), this.#afterMs);
  }

  /** Nothing is expected any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
