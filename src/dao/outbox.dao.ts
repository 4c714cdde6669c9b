import type { OutboxRow } from '../models/outbox.model.js';
import { Dao } from './dao.js';

/** Table `outbox`. */
export class OutboxDao extends Dao {
  /** Adds a hint; one that waits under the same `dedupeId` already is left as it is. */
  async insertIfAbsent(row: Pick<OutboxRow, 'name' | 'payload' | 'dedupeId'>): Promise<void> {
    this.requireTransaction();
    await this.rows(
      `INSERT INTO outbox (name, payload, dedupe_id) VALUES ($name, $payload, $dedupeId)
       ON CONFLICT (dedupe_id) DO NOTHING RETURNING id`,
      { name: row.name, payload: JSON.stringify(row.payload), dedupeId: row.dedupeId },
    );
  }

  /** The oldest `limit` hints under FOR UPDATE, without those that another dispatcher holds. */
  async lockOldest(limit: number): Promise<OutboxRow[]> {
    const transaction = this.requireTransaction();
    const rows = await this.models.outbox.findAll({
      order: [['id', 'ASC']],
      limit,
      lock: transaction.LOCK.UPDATE,
      skipLocked: true,
      transaction,
    });
    return rows.map((row) => row.get({ plain: true }));
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.models.outbox.destroy({ where: { id: [...ids] }, transaction: this.transaction });
  }

  /** Which of `dedupeIds` wait here. */
  async waiting(dedupeIds: readonly string[]): Promise<string[]> {
    const rows = await this.models.outbox.findAll({
      attributes: ['dedupeId'],
      where: { dedupeId: [...dedupeIds] },
      transaction: this.transaction,
    });
    return rows.map((row) => row.getDataValue('dedupeId'));
  }
}
