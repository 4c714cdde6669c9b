/** Dependencies of a {@link WorkWatch}. */
export interface WorkWatchOptions {
  readonly limitMs: number;
  /** Whether other work blocks the process, so that it cannot report an end; never unless given. */
  isBlocked?(): boolean;
  /** Called when work `id` has taken longer than `limitMs`. */
  onOverrun(id: number): void;
}

/** Interval of checks whether a blocked process can report again. */
const AGAIN_MS = 250;

/**
 * Monitors pieces of work that a child reports before it begins them, because it cannot interrupt them: a decoder
 * or a network that hangs blocks a thread, or the whole process, and can only be stopped by killing the process.
 */
export class WorkWatch {
  readonly #options: WorkWatchOptions;
  readonly #timers = new Map<number, NodeJS.Timeout>();

  constructor(options: WorkWatchOptions) {
    this.#options = options;
  }

  begin(id: number): void {
    this.end(id);
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
      if (this.#options.isBlocked?.()) return this.#check(id, AGAIN_MS);
      this.#timers.delete(id);
      this.#options.onOverrun(id);
    }, afterMs);
    this.#timers.set(id, timer.unref());
  }
}
