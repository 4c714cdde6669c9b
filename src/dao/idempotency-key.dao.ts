import { Op } from 'sequelize';
import type { IdempotencyKeyRow } from '../models/idempotency-key.model.js';
import { Dao } from './dao.js';

/** Table `idempotency_keys`. */
export class IdempotencyKeyDao extends Dao {
  /** Inserts the key; false when it exists. Waits for a concurrent transaction that is inserting it. */
  async insertIfAbsent(row: Pick<IdempotencyKeyRow, 'userId' | 'key' | 'requestHash'>): Promise<boolean> {
    const rows = await this.rows(
      `INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($userId, $key, $requestHash)
       ON CONFLICT (user_id, key) DO NOTHING RETURNING key`,
      { ...row },
    );
    return rows.length > 0;
  }

  async find(userId: string, key: string): Promise<IdempotencyKeyRow | null> {
    const row = await this.models.idempotencyKeys.findOne({
      where: { userId, key },
      transaction: this.transaction,
    });
    return row?.get({ plain: true }) ?? null;
  }

  async setResponse(id: { userId: string; key: string }, status: number, body: unknown): Promise<void> {
    await this.models.idempotencyKeys.update(
      { status, body },
      { where: { ...id }, transaction: this.transaction },
    );
  }

  /** Removes a key that has no response yet. */
  async removePending(userId: string, key: string): Promise<void> {
    await this.models.idempotencyKeys.destroy({
      where: { userId, key, status: null },
      transaction: this.transaction,
    });
  }

  /** Removes keys created before `date` and returns their number. */
  async removeOlderThan(date: Date): Promise<number> {
    return this.models.idempotencyKeys.destroy({
      where: { createdAt: { [Op.lt]: date } },
      transaction: this.transaction,
    });
  }
}
