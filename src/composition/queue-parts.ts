import type pg from 'pg';
import type { Logger } from '../logging/logger.js';
import type { JobQueue } from '../queue/job-queue.js';
import type { OpenQueueWorker } from '../queue/open-worker.js';
import type { OutboxDispatcher } from '../queue/outbox-dispatcher.js';
import type { BoardQueue } from '../queue/queue-board.js';

/** The queue of a process, on the backend that the environment names. */
export interface QueueParts {
  /** Connections to the queue's database; control messages and advisory locks use them too. */
  readonly pool: pg.Pool;
  readonly queue: JobQueue;
  /** BullMQ's own object, for the queue board; the same one every time. */
  openBoardQueue(): Promise<BoardQueue>;
  /** What opens workers, for the process that runs them. */
  loadWorkers(): Promise<OpenQueueWorker>;
  /** Sends queue messages to a queue outside the database; null if the queue is in the database. */
  readonly dispatcher: OutboxDispatcher | null;
  close(): Promise<void>;
}

/** Which process opens the queue. */
export interface OpenQueueOptions {
  readonly applicationName: string;
  /** Connections to the database besides those of repositories; at least 2. */
  readonly poolMax: number;
  readonly log: Logger;
  /** Stops the wait for Redis. */
  readonly signal?: AbortSignal;
}
