import type pg from 'pg';
import { QueryTypes, type Transaction } from 'sequelize';
import type { EnqueueRequest } from '../domain/repositories/unit-of-work.js';
import type { JobQueue, QueueDepth } from './job-queue.js';
import { queueJobs, queueNameOf, type QueueJobName } from './jobs.js';
import { sequelizeOf } from './sequelize-of.js';

/** Dependencies of the PostgreSQL backend. */
export interface PostgresJobQueueOptions {
  /** See `createQueuePool`. */
  readonly pool: pg.Pool;
  readonly prefix: string;
  /** The queue that `known` and `depth` look at; jobs by default. */
  readonly job?: QueueJobName;
}

const FORGET_FINISHED = `
  SELECT bullmq.remove(queue, id, false) FROM bullmq.job
  WHERE queue = $1 AND id = $2 AND state IN ('completed', 'failed')`;
const ADD = `
  SELECT bullmq.add_job($1, $2, $3, $4::jsonb, $5::jsonb, 0, 0, $6::bigint, $7, NULL, NULL, NULL, NULL, NULL, false)`;
const KNOWN = `
  SELECT id FROM bullmq.job WHERE queue = $1 AND id = ANY($2) AND state NOT IN ('completed', 'failed')`;
const DEPTH = `
  SELECT count(*) FILTER (WHERE state = 'waiting')::int AS waiting,
         count(*) FILTER (WHERE state = 'active')::int AS active,
         count(*) FILTER (WHERE state = 'delayed')::int AS delayed
  FROM bullmq.job WHERE queue = $1 AND state IN ('waiting', 'active', 'delayed')`;

/**
 * BullMQ on PostgreSQL. Queue messages are added with BullMQ's own `add_job` function inside the caller's
 * transaction, so a message exists if and only if the job row does; its NOTIFY wakes a worker at commit.
 */
export class PostgresJobQueue implements JobQueue {
  readonly #options: PostgresJobQueueOptions;
  readonly #queueName: string;

  constructor(options: PostgresJobQueueOptions) {
    this.#options = options;
    this.#queueName = queueNameOf(options.job ?? 'inference.run', options.prefix);
  }

  async enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void> {
    const { payload, options } = queueJobs[request.name];
    const queue = queueNameOf(request.name, this.#options.prefix);
    const data = payload.parse(request.payload);
    const sequelize = sequelizeOf(transaction);
    const query = (sql: string, bind: unknown[]) =>
      sequelize.query(sql, { bind, transaction, type: QueryTypes.SELECT });
    // A finished queue message that was kept for the board would make BullMQ drop the new one with the same
    // id.
    await query(FORGET_FINISHED, [queue, request.dedupeId]);
    await query(ADD, [
      queue,
      request.dedupeId,
      request.name,
      JSON.stringify(data),
      JSON.stringify(options),
      Date.now(),
      options.attempts,
    ]);
  }

  async knows(dedupeId: string): Promise<boolean> {
    return (await this.known([dedupeId])).has(dedupeId);
  }

  async known(dedupeIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (dedupeIds.length === 0) return new Set();
    const { rows } = await this.#options.pool.query<{ id: string }>(KNOWN, [this.#queueName, dedupeIds]);
    return new Set(rows.map(({ id }) => id));
  }

  async depth(): Promise<QueueDepth> {
    const { rows } = await this.#options.pool.query<QueueDepth>(DEPTH, [this.#queueName]);
    return rows[0];
  }

  async untaken(): Promise<number> {
    const { waiting, delayed } = await this.depth();
    return waiting + delayed;
  }

  /** Nothing to close: the composition root owns the pool. */
  async close(): Promise<void> {}
}
