import type { JobProgress } from '../domain/job.js';

/** Shortest time between two progress events of a job: at most two a second. */
const PROGRESS_INTERVAL_MS = 500;

/**
 * Thins the progress of an engine out to what watchers need. The newest one always goes out,
 * one write at a time, and neither the percentage nor what is done falls within a start.
 */
export class ProgressReporter {
  readonly #write: (progress: JobProgress) => Promise<void>;
  #waiting: JobProgress | undefined;
  #writing: Promise<void> | undefined;
  #pause: NodeJS.Timeout | undefined;
  #percent = 0;
  #done = 0;
  #closed = false;

  /** @param write records one progress; it must not reject. */
  constructor(write: (progress: JobProgress) => Promise<void>) {
    this.#write = write;
  }

  /** Takes the newest progress; never blocks. */
  report(progress: JobProgress): void {
    if (this.#closed) return;
    this.#percent = Math.max(this.#percent, progress.percent);
    this.#done = Math.min(progress.total, Math.max(this.#done, progress.done));
    this.#waiting = { ...progress, done: this.#done, percent: this.#percent };
    if (!this.#pause) this.#flush();
  }

  /** Takes nothing more and resolves when the write in flight is done; what still waited is dropped. */
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
      // A slow database must not be asked twice at the same time.
      void written.then(() => !this.#closed && this.#flush());
    }, PROGRESS_INTERVAL_MS);
  }
}
