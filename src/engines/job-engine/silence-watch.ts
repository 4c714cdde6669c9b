import { mainThreadOf } from '../../supervision/main-thread.js';

/** How long a process may be silent. */
export interface SilenceLimits {
  /** Silence after which a process that does not compute counts as hung. */
  readonly silentMs: number;
  /** Processor time of its main thread after which one that computes without a word counts as hung. */
  readonly computingMs: number;
}

/** Part of the silence that a thread must have computed to be at work although it happens to wait when it is looked at. */
const AT_WORK = 0.05;

/**
 * Tells a process that hangs from one that computes: a fill of a large image blocks its event loop for a minute, and a machine
 * with more work than cores makes ten of one. So where the kernel tells, the clock of a thread that is at work is its own
 * processor time.
 */
export class SilenceWatch {
  readonly #pidOf: () => number | undefined;
  readonly #limits: SilenceLimits;
  readonly #hung: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Processor time at the last sign of life, and when it was last looked at. */
  #since = 0;
  #seen = 0;

  constructor(pidOf: () => number | undefined, limits: SilenceLimits, hung: () => void) {
    this.#pidOf = pidOf;
    this.#limits = limits;
    this.#hung = hung;
  }

  /** Begins, and begins again with each sign of life. */
  heard(): void {
    this.#since = this.#seen = this.#mainThread()?.computedMs ?? 0;
    this.#wait(this.#limits.silentMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(ms), ms);
  }

  #look(waitedMs: number): void {
    const thread = this.#mainThread();
    const left = thread === null ? 0 : this.#limits.computingMs - (thread.computedMs - this.#since);
    if (thread === null || left <= 0) return this.#hung();
    const atWork = thread.runnable || thread.computedMs - this.#seen >= AT_WORK * waitedMs;
    if (!atWork) return this.#hung();
    this.#seen = thread.computedMs;
    this.#wait(Math.min(this.#limits.silentMs, left));
  }

  #mainThread() {
    const pid = this.#pidOf();
    return pid === undefined ? null : mainThreadOf(pid);
  }
}
