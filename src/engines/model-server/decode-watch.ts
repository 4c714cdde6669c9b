/** What a {@link DecodeWatch} needs. */
export interface DecodeWatchOptions {
  readonly limitMs: number;
  /** Whether a run keeps the engine from saying that a decode has ended. */
  isRunning(): boolean;
  /** The decode of request `id` has taken longer than `limitMs`. */
  onOverrun(id: number): void;
}

/** After this long it is looked again whether a run is over. */
const AGAIN_MS = 250;

/**
 * Watches the images that an engine decodes, whether somebody still waits for them or not: a decoder that does not come
 * back takes a thread, or the whole engine, from everybody else, and only the end of the process stops it.
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
