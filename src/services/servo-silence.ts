/** Calls once when nothing has happened for a time; the next event starts it again. */
export class SilenceTimer {
  readonly #afterMs: number;
  readonly #onSilence: (silentMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #hasCalled = false;

  constructor(afterMs: number, onSilence: (silentMs: number) => void) {
    this.#afterMs = afterMs;
    this.#onSilence = onSilence;
  }

  /** Milliseconds since something happened last. */
  get silentMs(): number {
    return performance.now() - this.#since;
  }

  /** Something happened. */
  touch(): void {
    this.#since = performance.now();
    this.#start();
  }

  /** The silence goes on, but something late has to be followed by another call, if there was one already. */
  repeat(): void {
    if (this.#hasCalled) this.#start();
  }

  #start(): void {
    this.#hasCalled = false;
    // One timer for the whole session: there may be hundreds of frames a second.
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#call(), this.#afterMs);
  }

  #call(): void {
    this.#hasCalled = true;
    this.#onSilence(this.silentMs);
  }

  /** Nothing is expected any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hasCalled = false;
  }
}
