import type { JobEvent } from '../domain/job-event.js';

/** Reads events of a job with `seq` greater than `after`, in ascending order. */
type ReadEvents = (jobId: string, after: number) => Promise<readonly JobEvent[]>;

/** Options of a {@link JobSubscription}. */
export interface SubscriptionOptions {
  readonly jobId: string;
  /** Number of the last event that the subscriber has received. */
  readonly after: number;
  readonly read: ReadEvents;
  readonly deliver: (event: JobEvent) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A subscription to one job. It reads events from the database with its own cursor, one read at a time, so
 * that they arrive in order, exactly once and without gaps, whatever the order of notifications.
 */
export class JobSubscription {
  readonly jobId: string;
  #cursor: number;
  #reading = false;
  #again = false;
  #closed = false;

  readonly #options: SubscriptionOptions;

  constructor(options: SubscriptionOptions) {
    this.#options = options;

    this.jobId = options.jobId;
    this.#cursor = options.after;
  }

  /** Reads new events. No read is needed if event `seq` was already delivered. */
  wake(seq = Infinity): void {
    if (this.#closed || seq <= this.#cursor) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    void this.#readOn();
  }

  close(): void {
    this.#closed = true;
  }

  async #readOn(): Promise<void> {
    try {
      do {
        this.#again = false;
        const events = await this.#options.read(this.jobId, this.#cursor);
        for (const event of events) this.#pass(event);
      } while (this.#again && !this.#closed);
    } catch (error) {
      this.#options.failed(error);
    } finally {
      this.#reading = false;
    }
  }

  #pass(event: JobEvent): void {
    if (this.#closed || event.seq <= this.#cursor) return;
    this.#cursor = event.seq;
    this.#options.deliver(event);
  }
}
