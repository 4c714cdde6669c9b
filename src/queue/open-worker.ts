import { createPostgresBackend, Worker, type Job, type Processor } from 'bullmq';
import type pg from 'pg';
import { queueNameOf } from './jobs.js';

/** What every worker is started with, whatever carries the queue. */
export interface QueueWorkerOptions {
  readonly prefix: string;
  readonly concurrency: number;
  readonly processor: Processor<unknown, unknown>;
  readonly onError: (error: Error) => void;
}

/** A BullMQ worker as the runner needs it. */
export interface QueueWorker {
  /** Takes no new queue message; running ones continue. */
  pause(): Promise<void>;
  /** Waits for running queue messages unless forced, then closes its connections. */
  close(force?: boolean): Promise<void>;
}

/** Opens a worker; each adapter of the queue has its own. */
export type OpenQueueWorker = (options: QueueWorkerOptions) => QueueWorker;

/** A queue message as a processor gets it. */
export type QueueMessage = Job<unknown, unknown>;

/** Times and counts of every BullMQ worker. */
export const WORKER_LIMITS = {
  // A dead worker's queue message comes back after the lock and up to two intervals; the defaults take a minute.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 2,
  // Seconds that an idle worker sleeps at most when a notification is lost.
  drainDelay: 5,
  // Pause after a lost connection; the default of 15 s would keep jobs waiting after a restart of the server.
  runRetryDelay: 1_000,
} as const;

/** Opens workers on Postgres. Build them only when the database answers: a failed first connection sticks. */
export function postgresWorkers(pool: pg.Pool): OpenQueueWorker {
  return ({ prefix, concurrency, processor, onError }) => {
    const name = queueNameOf('inference.run', prefix);
    const worker = new Worker(
      name,
      processor,
      { ...WORKER_LIMITS, connection: pool, concurrency },
      createPostgresBackend,
    );
    worker.on('error', onError);
    return { pause: () => worker.pause(true), close: (force) => worker.close(force) };
  };
}
