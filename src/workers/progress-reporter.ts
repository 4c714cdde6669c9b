import type { JobProgress } from '../domain/job.js';

/** Minimum interval between two progress events of a job in milliseconds. */
const PROGRESS_INTERVAL_MS = 500;

/**
 * Throttles the progress of an engine for watchers. The newest value is always written in the end, one write
 * at a time, and values never decrease within an attempt.
 */
export class ProgressReporter {
  readonly #write: (progress: JobProgress) => Promise<void>;
  #waiting: JobProgress | undefined;
  #writing: Promise<void> | undefined;
  #pause: NodeJS.Timeout | undefined;
  #percent = 0;
  #done = 0;
  #closed = false;

  /** @param write records one progress value; it must not reject. */
  constructor(write: (progress: JobProgress) => Promise<void>) {
    this.#write = write;
  }

  /** Accepts the newest progress; never blocks. */
  report(progress: JobProgress): void {
    if (this.#closed) return;
    this.#percent = Math.max(this.#percent, progress.percent);
    this.#done = Math.min(progress.total, Math.max(this.#done, progress.done));
    this.#waiting = { ...progress, done: this.#done, percent: this.#percent };
    if (!this.#pause) this.#flush();
  }

  /** Stops accepting progress and resolves when the current write has ended; a waiting value is dropped. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = undefined;
    clearTimeout(this.#pause);
    await this.#writing;
  }

  #flush(): void {
    const progress = this.#waiting;
    this.#pause = undefined;
    if (!progress) return;
    this.#waiting = undefined;
    const written = this.#write(progress);
    this.#writing = written;
    this.#pause = setTimeout(() => {
      // A slow database must not get two writes at the same time.
      void written.then(() => !this.#closed && this.#flush());
    }, PROGRESS_INTERVAL_MS);
  }
}
