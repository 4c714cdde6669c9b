import { mainThreadOf } from '../../supervision/main-thread.js';

/** How long a process may send no message. */
export interface SilenceLimits {
  /** Time without a message after which a process that is not computing is considered hung. */
  readonly silentMs: number;
  /**
   * Processor time of its main thread without a message after which a computing process is considered hung.
   */
  readonly computingMs: number;
}

/**
 * Share of the time that a thread must have computed to count as computing, even if it is waiting at the
 * moment of the check.
 */
const COMPUTING_SHARE = 0.05;

/**
 * Distinguishes a hung process from one that computes: filling a large image blocks its event loop for a
 * minute, or for ten on an overloaded machine. If the kernel reports it, the processor time of a computing
 * thread is used instead of wall-clock time.
 */
export class SilenceWatch {
  readonly #pidOf: () => number | undefined;
  readonly #limits: SilenceLimits;
  readonly #hung: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Processor time at the last message, and at the last check. */
  #since = 0;
  #seen = 0;

  constructor(pidOf: () => number | undefined, limits: SilenceLimits, hung: () => void) {
    this.#pidOf = pidOf;
    this.#limits = limits;
    this.#hung = hung;
  }

  /** Starts the watch, and restarts it with each message. */
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
    const atWork = thread.runnable || thread.computedMs - this.#seen >= COMPUTING_SHARE * waitedMs;
    if (!atWork) return this.#hung();
    this.#seen = thread.computedMs;
    this.#wait(Math.min(this.#limits.silentMs, left));
  }

  #mainThread() {
    const pid = this.#pidOf();
    return pid === undefined ? null : mainThreadOf(pid);
  }
}
