import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';
import type { EnqueueRequest } from '../../src/domain/repositories/unit-of-work.js';
import type { JobQueue } from '../../src/queue/job-queue.js';

const INSERT = `INSERT INTO outbox (name, payload, dedupe_id) VALUES ($name, $payload, $dedupeId)
                ON CONFLICT (dedupe_id) DO NOTHING`;
const ALL = 'SELECT name, payload, dedupe_id AS "dedupeId" FROM outbox ORDER BY id';

/** A queue whose queue messages are rows of the outbox that nobody works off, so that a test can look at them. */
export class OutboxQueue implements JobQueue {
  readonly #sequelize: Sequelize;

  constructor(sequelize: Sequelize) {
    this.#sequelize = sequelize;
  }

  async enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void> {
    const { name, payload, dedupeId } = request;
    const bind = { name, payload: JSON.stringify(payload), dedupeId };
    await this.#sequelize.query(INSERT, { bind, transaction });
  }

  /** All queue messages, oldest first. */
  async messages(): Promise<readonly EnqueueRequest[]> {
    return this.#sequelize.query<EnqueueRequest>(ALL, { type: QueryTypes.SELECT });
  }

  async knows(dedupeId: string): Promise<boolean> {
    return (await this.known([dedupeId])).has(dedupeId);
  }

  async known(dedupeIds: readonly string[]): Promise<ReadonlySet<string>> {
    const all = (await this.messages()).map(({ dedupeId }) => dedupeId);
    return new Set(all.filter((id) => dedupeIds.includes(id)));
  }

  async depth(): Promise<{ waiting: number; active: number; delayed: number }> {
    return { waiting: (await this.messages()).length, active: 0, delayed: 0 };
  }

  async untaken(): Promise<number> {
    return (await this.messages()).length;
  }

  async close(): Promise<void> {
    await this.#sequelize.close();
  }
}
