import type pg from 'pg';
import type { Logger } from '../logging/logger.js';
import type { RateCountRepository } from '../domain/rate-count.js';
import type { JobQueue } from '../queue/job-queue.js';
import type { OpenQueueWorker } from '../queue/open-worker.js';
import type { OutboxDispatcher } from '../queue/outbox-dispatcher.js';
import type { BoardQueue } from '../queue/queue-board.js';

/** The queue of a process, on the configured backend. */
export interface QueueParts {
  /** Connections to the queue's database; also used for control messages and advisory locks. */
  readonly pool: pg.Pool;
  readonly queue: JobQueue;
  /** The same, looking at the queue of previews. */
  readonly previews: JobQueue;
  /** The same, looking at the queue of webhooks. */
  readonly webhooks: JobQueue;
  /** BullMQ's queue object for the board; always the same instance. */
  openBoardQueue(): Promise<BoardQueue>;
  /** Loads the function that opens workers; only worker processes need it. */
  loadWorkers(): Promise<OpenQueueWorker>;
  /** Moves queue messages from the outbox to Redis; null if the queue is in the database. */
  readonly dispatcher: OutboxDispatcher | null;
  /** Counts of limits in Redis; null where the queue is in the database. */
  readonly rateCounts: RateCountRepository | null;
  close(): Promise<void>;
}

/** Options of {@link openQueue}. */
export interface OpenQueueOptions {
  readonly applicationName: string;
  /** Database connections in addition to those of repositories; at least 2. */
  readonly poolMax: number;
  readonly log: Logger;
  /** Stops the wait for Redis. */
  readonly signal?: AbortSignal;
}
