import { setTimeout as pause } from 'node:timers/promises';
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

/** A BullMQ worker on this pool that does not run yet. */
function createWorker(pool: pg.Pool, { job, prefix, concurrency, processor, onError }: QueueWorkerOptions) {
  const options = { ...WORKER_LIMITS, connection: pool, concurrency, autorun: false };
  const worker = new Worker(queueNameOf(job, prefix), processor, options, createPostgresBackend);
  worker.on('error', onError);
  return worker;
}
type PostgresWorker = ReturnType<typeof createWorker>;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/**
 * A worker on PostgreSQL that starts once the database responds. BullMQ keeps the outcome of the first connection: a worker
 * that ran without one would fail for ever, without a pause.
 */
class PostgresQueueWorker implements QueueWorker {
  readonly #open: () => PostgresWorker;
  readonly #onError: (error: Error) => void;
  readonly #ended = new AbortController();
  #worker: PostgresWorker;

  constructor(pool: pg.Pool, options: QueueWorkerOptions) {
    this.#onError = options.onError;
    this.#open = () => createWorker(pool, options);
    this.#worker = this.#open();
    this.#run().catch((error: unknown) => this.#onError(asError(error)));
  }

  async pause(): Promise<void> {
    this.#ended.abort();
    await this.#worker.pause(true);
  }

  async close(force?: boolean): Promise<void> {
    this.#ended.abort();
    await this.#worker.close(force);
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const worker = this.#worker;
      const isReady = await worker.waitUntilReady().then(
        () => true,
        (error: unknown) => this.#onError(asError(error)),
      );
      if (signal.aborted) return;
      // Until it is paused or closed.
      if (isReady) return worker.run();
      await pause(WORKER_LIMITS.runRetryDelay, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      this.#worker = this.#open();
      await worker.close(true);
    }
  }
}

/** Opens workers on PostgreSQL. */
export function postgresWorkers(pool: pg.Pool): OpenQueueWorker {
  return (options) => new PostgresQueueWorker(pool, options);
}
