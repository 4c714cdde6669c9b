import type { Queue } from 'bullmq';
import type pg from 'pg';
import type { Logger } from '../logging/logger.js';
import { isQueueJobName, queueJobs, type QueueJobName } from './jobs.js';

interface OutboxRow {
  readonly id: string;
  readonly name: string;
  readonly payload: unknown;
  readonly dedupe_id: string;
}

const BATCH = 50;
const TAKE = `
  SELECT id, name, payload, dedupe_id FROM outbox ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`;
const DROP = 'DELETE FROM outbox WHERE id = ANY($1)';

/**
 * Moves queue messages from the outbox to BullMQ on Redis. A message is deleted only after Redis has stored
 * it; a crash in between sends it twice with the same id, and BullMQ or the claim drops the duplicate.
 */
export class OutboxDispatcher {
  readonly #pool: pg.Pool;
  readonly #queues: Readonly<Record<QueueJobName, Queue>>;
  readonly #log: Logger;

  constructor(pool: pg.Pool, queues: Readonly<Record<QueueJobName, Queue>>, log: Logger) {
    this.#pool = pool;
    this.#queues = queues;
    this.#log = log;
  }

  /** Sends all waiting messages. @returns their number. */
  async drain(): Promise<number> {
    let carried = 0;
    for (;;) {
      const batch = await this.#carryBatch();
      carried += batch;
      if (batch < BATCH) return carried;
    }
  }

  async #carryBatch(): Promise<number> {
    const client = await this.#pool.connect();
    let broken = false;
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<OutboxRow>(TAKE);
      await this.#add(rows);
      await client.query(DROP, [rows.map(({ id }) => id)]);
      await client.query('COMMIT');
      return rows.length;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => (broken = true));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async #add(rows: readonly OutboxRow[]): Promise<void> {
    for (const { name, payload, dedupe_id: jobId } of rows) {
      if (!isQueueJobName(name)) {
        this.#log.error('The outbox contains a message of an unknown kind; it is dropped.', { name });
        continue;
      }
      const { options, payload: schema } = queueJobs[name];
      const queue = this.#queues[name];
      await this.#forgetFinished(queue, jobId);
      await queue.add(name, schema.parse(payload), { ...options, jobId });
    }
  }

  /**
   * Removes a finished queue message that was kept for the board; BullMQ would otherwise drop the new one
   * with the same id.
   */
  async #forgetFinished(queue: Queue, jobId: string): Promise<void> {
    const old = await queue.getJob(jobId);
    if (old && ((await old.isCompleted()) || (await old.isFailed()))) await old.remove();
  }
}
