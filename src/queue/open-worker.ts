import { createPostgresBackend, Worker, type Job, type Processor } from 'bullmq';
import type pg from 'pg';
import { queueNameOf, type QueueJobName } from './jobs.js';

/** Options of every worker, independent of the queue backend. */
export interface QueueWorkerOptions {
  /** The queue of this job. */
  readonly job: QueueJobName;
  readonly prefix: string;
  readonly concurrency: number;
  readonly processor: Processor<unknown, unknown>;
  readonly onError: (error: Error) => void;
}

/** The part of a BullMQ worker that the runner uses. */
export interface QueueWorker {
  /** Stops taking new queue messages; active ones continue. */
  pause(): Promise<void>;
  /** Waits for active queue messages unless forced, then closes its connections. */
  close(force?: boolean): Promise<void>;
}

/** Opens a worker; implemented by each queue backend. */
export type OpenQueueWorker = (options: QueueWorkerOptions) => QueueWorker;

/** A queue message as passed to a processor. */
export type QueueMessage = Job<unknown, unknown>;

/** Timing options of every BullMQ worker. */
export const WORKER_LIMITS = {
  // The queue message of a dead worker becomes available after the lock duration and up to two check
  // intervals; with BullMQ's defaults that takes a minute.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 2,
  // Maximum seconds that an idle worker sleeps if a notification is lost.
  drainDelay: 5,
  // Pause after a lost connection. The default of 15 s would delay jobs after a restart of the server.
  runRetryDelay: 1_000,
} as const;

/**
 * Opens workers on PostgreSQL. They must be created only when the database responds, because BullMQ does not
 * recover from a failed first connection.
 */
export function postgresWorkers(pool: pg.Pool): OpenQueueWorker {
  return ({ job, prefix, concurrency, processor, onError }) => {
    const name = queueNameOf(job, prefix);
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
