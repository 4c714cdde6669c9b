import type { Sequelize, Transaction } from 'sequelize';
import { OutboxDao } from '../../src/dao/outbox.dao.js';
import type { EnqueueRequest } from '../../src/domain/repositories.js';
import { defineModels } from '../../src/models/models.js';
import type { JobQueue } from '../../src/queue/job-queue.js';

/** A queue whose hints are rows of the outbox that nobody works off, so that a test can look at them. */
export class OutboxQueue implements JobQueue {
  constructor(private readonly sequelize: Sequelize) {}

  async enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void> {
    await this.outbox(transaction).insertIfAbsent({ ...request, payload: { ...request.payload } });
  }

  /** All hints, oldest first. */
  async hints(): Promise<readonly EnqueueRequest[]> {
    return this.sequelize.transaction(async (transaction) => {
      const rows = await this.outbox(transaction).lockOldest(1000);
      return rows.map(({ payload, dedupeId }) => ({
        name: 'inference.run' as const,
        payload: { jobId: String(payload.jobId) },
        dedupeId,
      }));
    });
  }

  async knows(dedupeId: string): Promise<boolean> {
    return (await this.known([dedupeId])).has(dedupeId);
  }

  async known(dedupeIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.outbox(null).waiting(dedupeIds));
  }

  async depth(): Promise<{ waiting: number; active: number; delayed: number }> {
    return { waiting: (await this.hints()).length, active: 0, delayed: 0 };
  }

  async close(): Promise<void> {
    await this.sequelize.close();
  }

  private outbox(transaction: Transaction | null): OutboxDao {
    const { sequelize } = this;
    return new OutboxDao({ sequelize, models: defineModels(sequelize), transaction });
  }
}
