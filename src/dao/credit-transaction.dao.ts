import type { CreditTransactionRow, NewCreditTransactionRow } from '../models/credit-transaction.model.js';
import { Dao } from './dao.js';

/** Table `credit_transactions`: rows are only ever added. */
export class CreditTransactionDao extends Dao {
  async insert(row: NewCreditTransactionRow): Promise<CreditTransactionRow> {
    const entry = await this.models.creditTransactions.create(row, {
      transaction: this.requireTransaction(),
    });
    return entry.get({ plain: true });
  }

  /** Newest first. */
  async listByUser(userId: string, limit: number): Promise<CreditTransactionRow[]> {
    const entries = await this.models.creditTransactions.findAll({
      where: { userId },
      order: [['seq', 'DESC']],
      limit,
      transaction: this.transaction,
    });
    return entries.map((entry) => entry.get({ plain: true }));
  }

  async sumOfDeltas(userId: string): Promise<bigint> {
    const [{ sum }] = await this.rows<{ sum: string }>(
      'SELECT COALESCE(SUM(delta_micro), 0)::text AS sum FROM credit_transactions WHERE user_id = $userId',
      { userId },
    );
    return BigInt(sum);
  }
}
