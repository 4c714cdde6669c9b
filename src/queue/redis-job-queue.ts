import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { QueryTypes, type Transaction } from 'sequelize';
import type { EnqueueRequest } from '../domain/repositories/unit-of-work.js';
import type { JobQueue, QueueDepth } from './job-queue.js';
import { queueJobs, queueNameOf, type QueueJobName } from './jobs.js';
import { WORKER_LIMITS, type OpenQueueWorker } from './open-worker.js';
import { sequelizeOf } from './sequelize-of.js';

/** Channel that wakes the outbox dispatcher at commit. */
export const OUTBOX_CHANNEL = 'outbox';

/** Dependencies of the Redis backend. */
export interface RedisJobQueueOptions {
  readonly pool: pg.Pool;
  /** See `openRedisQueue`. */
  readonly queue: Queue;
}

const INSERT = `
  INSERT INTO outbox (name, payload, dedupe_id) VALUES ($1, $2, $3)
  ON CONFLICT (dedupe_id) DO NOTHING`;
const WAITING = 'SELECT dedupe_id AS id FROM outbox WHERE dedupe_id = ANY($1)';
const UNSENT = 'SELECT count(*)::int AS unsent FROM outbox';
const OVER: ReadonlySet<string> = new Set(['completed', 'failed', 'unknown']);

/**
 * BullMQ on Redis. Redis does not take part in our transactions, so a queue message is first stored as an
 * outbox row, which the dispatcher moves to Redis.
 */
export class RedisJobQueue implements JobQueue {
  readonly #options: RedisJobQueueOptions;

  constructor(options: RedisJobQueueOptions) {
    this.#options = options;
  }

  async enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void> {
    const payload = queueJobs[request.name].payload.parse(request.payload);
    const sequelize = sequelizeOf(transaction);
    const bind = [request.name, JSON.stringify(payload), request.dedupeId];
    await sequelize.query(INSERT, { bind, transaction, type: QueryTypes.INSERT });
    await sequelize.query('SELECT pg_notify($1, $2)', {
      bind: [OUTBOX_CHANNEL, ''],
      transaction,
      type: QueryTypes.SELECT,
    });
  }

  async knows(dedupeId: string): Promise<boolean> {
    return (await this.known([dedupeId])).has(dedupeId);
  }

  async known(dedupeIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (dedupeIds.length === 0) return new Set();
    const { pool, queue } = this.#options;
    const { rows } = await pool.query<{ id: string }>(WAITING, [dedupeIds]);
    const known = new Set(rows.map(({ id }) => id));
    const states = await Promise.all(dedupeIds.map((id) => queue.getJobState(id)));
    dedupeIds.forEach((id, index) => OVER.has(states[index]) || known.add(id));
    return known;
  }

  async depth(): Promise<QueueDepth> {
    const counts = await this.#options.queue.getJobCounts('waiting', 'active', 'delayed');
    return { waiting: counts.waiting ?? 0, active: counts.active ?? 0, delayed: counts.delayed ?? 0 };
  }

  async untaken(): Promise<number> {
    const { waiting, delayed } = await this.depth();
    const { rows } = await this.#options.pool.query<{ unsent: number }>(UNSENT);
    return waiting + delayed + rows[0].unsent;
  }

  async close(): Promise<void> {
    await this.#options.queue.close();
  }
}

/** Opens the BullMQ queue of a job on Redis, for the backend, the dispatcher and the board. */
function openRedisQueue(redis: Redis, prefix: string, job: QueueJobName = 'inference.run'): Queue {
  return new Queue(queueNameOf(job, prefix), { connection: redis });
}

/** Opens the queues of all jobs. */
export function openRedisQueues(
  redis: Redis,
  prefix: string,
  onError: (error: Error) => void,
): Readonly<Record<QueueJobName, Queue>> {
  const open = (job: QueueJobName): Queue => openRedisQueue(redis, prefix, job).on('error', onError);
  return {
    'inference.run': open('inference.run'),
    'media.preview': open('media.preview'),
    'webhook.deliver': open('webhook.deliver'),
  };
}

/** Opens workers on Redis; each blocks on its own connection, which BullMQ derives from `redis`. */
export function redisWorkers(redis: Redis): OpenQueueWorker {
  return ({ job, prefix, concurrency, processor, onError }) => {
    const name = queueNameOf(job, prefix);
    const worker = new Worker(name, processor, { ...WORKER_LIMITS, connection: redis, concurrency });
    worker.on('error', onError);
    return { pause: () => worker.pause(true), close: (force) => worker.close(force) };
  };
}
