import { LRUCache } from 'lru-cache';
import { atMostEntries } from '../domain/cache-limits.js';
import type { JobEvent } from '../domain/job-event.js';
import type { Job } from '../domain/job.js';
import type { UserEvent } from '../domain/realtime.js';
import type { Logger } from '../logging/logger.js';
import type { JobEventNotice, JobEventListener } from './job-event-source.js';
import { JobSubscription } from './job-subscription.js';

/** A connection of a user that receives all status changes of the user's jobs. */
export interface UserListener {
  readonly userId: string;
  statusChanged(event: Extract<JobEvent, { type: 'status' }>): void;
  userChanged(event: UserEvent): void;
}

/** Reads of the hub. Rows are authoritative; notifications only trigger reads. */
export interface HubReads {
  eventsAfter(jobId: string, after: number): Promise<readonly JobEvent[]>;
  /** The user's newest jobs. */
  recentJobs(userId: string, limit: number): Promise<readonly Pick<Job, 'id' | 'seq'>[]>;
}

const REMEMBERED_JOBS = 10_000;
const RESYNCED_JOBS = 50;

/** Dispatches events of jobs to their subscribers, and status changes to all connections of the owner. */
export class RealtimeHub implements JobEventListener {
  readonly #followers = new Map<string, Set<JobSubscription>>();
  readonly #listeners = new Map<string, Set<UserListener>>();
  /** Cursors for the status changes that are sent to the owner's connections, by job. */
  readonly #notified = new LRUCache<string, JobSubscription>(atMostEntries(REMEMBERED_JOBS));

  readonly #reads: HubReads;
  readonly #logger: Logger;

  constructor(reads: HubReads, logger: Logger) {
    this.#reads = reads;
    this.#logger = logger;
  }

  /** Subscribes to a job, starting after event `after`; the caller has checked the right to see it. */
  follow(
    { jobId, after }: { jobId: string; after: number },
    deliver: (event: JobEvent) => void,
  ): { close(): void } {
    const subscription = this.#subscription(jobId, after, deliver);
    const followers = this.#followers.get(jobId) ?? new Set();
    this.#followers.set(jobId, followers.add(subscription));
    // Reads events that occurred after the subscriber read the job.
    subscription.wake();
    return {
      close: () => {
        subscription.close();
        followers.delete(subscription);
        if (followers.size === 0) this.#followers.delete(jobId);
      },
    };
  }

  /** Adds a connection of a user. */
  connect(listener: UserListener): { close(): void } {
    const listeners = this.#listeners.get(listener.userId) ?? new Set();
    this.#listeners.set(listener.userId, listeners.add(listener));
    return {
      close: () => {
        listeners.delete(listener);
        if (listeners.size === 0) this.#listeners.delete(listener.userId);
      },
    };
  }

  wake({ jobId, userId, seq }: JobEventNotice): void {
    this.#followers.get(jobId)?.forEach((subscription) => subscription.wake(seq));
    if (this.#listeners.has(userId)) this.#notifier(jobId, userId, { after: seq - 1 }).wake(seq);
  }

  userChanged(event: UserEvent): void {
    this.#listeners.get(event.userId)?.forEach((listener) => listener.userChanged(event));
  }

  resync(since: Date): void {
    for (const subscriptions of this.#followers.values()) {
      subscriptions.forEach((subscription) => subscription.wake());
    }
    for (const userId of this.#listeners.keys()) {
      this.#resyncUser(userId, since).catch((error: unknown) => this.#readFailed(error));
      this.userChanged({ userId });
      this.userChanged({ userId, quota: true });
    }
  }

  async #resyncUser(userId: string, since: Date): Promise<void> {
    for (const { id, seq } of await this.#reads.recentJobs(userId, RESYNCED_JOBS)) {
      // Without a stored cursor, a job starts at its first event after the gap began.
      this.#notifier(id, userId, { after: 0, since }).wake(seq);
    }
  }

  #notifier(
    jobId: string,
    userId: string,
    { after, since = new Date(0) }: { readonly after: number; readonly since?: Date },
  ): JobSubscription {
    const known = this.#notified.get(jobId);
    if (known) return known;
    const notifier = this.#subscription(jobId, after, (event) => {
      if (event.type !== 'status' || event.createdAt < since) return;
      this.#listeners.get(userId)?.forEach((listener) => listener.statusChanged(event));
    });
    this.#notified.set(jobId, notifier);
    return notifier;
  }

  #subscription(jobId: string, after: number, deliver: (event: JobEvent) => void): JobSubscription {
    return new JobSubscription({
      jobId,
      after,
      deliver,
      read: (id, cursor) => this.#reads.eventsAfter(id, cursor),
      failed: (error) => this.#readFailed(error),
    });
  }

  #readFailed(error: unknown): void {
    // The next notification, or the resync once the database is back, reads from the same cursor again.
    this.#logger.warn('Events of a job could not be read; the next notification triggers another read', {
      err: error,
    });
  }
}
