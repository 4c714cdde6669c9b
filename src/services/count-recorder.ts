import type { CountIncrement } from '../domain/metrics.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';

/** What a process has counted since it was asked last. */
interface Counted {
  take(): readonly CountIncrement[];
  restore(increments: readonly CountIncrement[]): void;
}

/** Adds the counts of a process to those of the installation. */
export class CountRecorder {
  readonly #counted: Counted;
  readonly #read: Pick<Repositories, 'metrics'>;

  constructor(counted: Counted, read: Pick<Repositories, 'metrics'>) {
    this.#counted = counted;
    this.#read = read;
  }

  /** Counts that cannot be recorded are kept for the next call. */
  async runOnce(): Promise<void> {
    const increments = this.#counted.take();
    if (increments.length === 0) return;
    try {
      await this.#read.metrics.add(increments);
    } catch (error) {
      this.#counted.restore(increments);
      throw error;
    }
  }
}
