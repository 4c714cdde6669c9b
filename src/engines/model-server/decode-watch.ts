/** Dependencies of a {@link DecodeWatch}. */
export interface DecodeWatchOptions {
  readonly limitMs: number;
  /** Whether an inference run is blocking the engine, so that it cannot report the end of a decode. */
  isRunning(): boolean;
  /** Called when decoding for request `id` has taken longer than `limitMs`. */
  onOverrun(id: number): void;
}

/** Interval of checks whether a run has ended. */
const AGAIN_MS = 250;

/**
 * Monitors the images that an engine decodes, even if their requests were cancelled: a decoder that hangs
 * blocks a thread, or the whole engine, for all other requests, and can only be stopped by killing the
 * process.
 */
export class DecodeWatch {
  readonly #options: DecodeWatchOptions;
  readonly #timers = new Map<number, NodeJS.Timeout>();

  constructor(options: DecodeWatchOptions) {
    this.#options = options;
  }

  begin(id: number): void {
    this.#check(id, this.#options.limitMs);
  }

  end(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  clear(): void {
    for (const id of [...this.#timers.keys()]) this.end(id);
  }

  #check(id: number, afterMs: number): void {
    const timer = setTimeout(() => {
      if (this.#options.isRunning()) return this.#check(id, AGAIN_MS);
      this.#timers.delete(id);
      this.#options.onOverrun(id);
    }, afterMs);
    this.#timers.set(id, timer.unref());
  }
}
