import type { Counted, LedgerFilter, Owner, Slice } from '../domain/listing.js';
import type { LedgerKind } from '../domain/money.js';
import type { CreditTransactionRow, NewCreditTransactionRow } from '../models/credit-transaction.model.js';
import { Dao } from './dao.js';
import { OWNER_COLUMNS, ownerOf, type OwnerColumns } from './owner-columns.js';

/** A row with the user that it belongs to. */
export interface OwnedTransactionRow {
  readonly row: CreditTransactionRow;
  readonly owner: Owner;
}

/** Sums of one kind of rows; amounts as text of BIGINTs. */
export interface TransactionTotalRow {
  readonly kind: LedgerKind;
  readonly count: number;
  readonly amount: string;
  readonly delta: string;
}

function conditionsOf({ userId, kinds }: LedgerFilter): { where: string; bind: Record<string, unknown> } {
  return {
    where: [
      'TRUE',
      ...(userId === undefined ? [] : ['t.user_id = $userId']),
      ...(kinds === undefined ? [] : ['t.kind = ANY($kinds::text[])']),
    ].join(' AND '),
    bind: { ...(userId !== undefined && { userId }), ...(kinds !== undefined && { kinds: [...kinds] }) },
  };
}

/** A row of {@link CreditTransactionDao.appendAll}: balances come from the account. */
export type AppendedRow = Pick<
  CreditTransactionRow,
  'id' | 'kind' | 'amountMicro' | 'deltaMicro' | 'description'
>;

/** Account, sum, then ids, kinds, amounts, deltas and descriptions of the rows. */
const APPEND_ALL = {
  name: 'ledger-append-all',
  text: `
  WITH account AS (
    UPDATE users SET balance_micro = balance_micro + $2::bigint, updated_at = now()
     WHERE id = $1::uuid AND balance_micro + $2::bigint >= 0
    RETURNING balance_micro - $2::bigint AS before
  ), entry AS (
    SELECT e.*, account.before + sum(e.delta) OVER (ORDER BY e.place) AS after
      FROM account, unnest($3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
           WITH ORDINALITY AS e (id, kind, amount, delta, description, place)
  ), written AS (
    INSERT INTO credit_transactions
           (id, user_id, kind, amount_micro, delta_micro, balance_before_micro, balance_after_micro, description)
    SELECT id, $1::uuid, kind, amount, delta, after - delta, after, description FROM entry ORDER BY place
    RETURNING 1
  )
  SELECT count(*)::int AS count FROM written`,
};

/** Table `credit_transactions`: rows are only ever added. */
export class CreditTransactionDao extends Dao {
  async insert(row: NewCreditTransactionRow): Promise<CreditTransactionRow> {
    const entry = await this.models.creditTransactions.create(row, {
      transaction: this.requireTransaction(),
    });
    return entry.get({ plain: true });
  }

  /**
   * Changes the balance by all rows together and writes them, numbered in their order. One statement, so that it is
   * all or nothing without a transaction of its own, and the account's lock is held for no round trip.
   * @returns false when there is no such account or its balance does not cover them
   */
  async appendAll(userId: string, rows: readonly AppendedRow[]): Promise<boolean> {
    const [{ count }] = await this.preparedRows<{ count: number }>(APPEND_ALL, [
      userId,
      rows.reduce((sum, { deltaMicro }) => sum + deltaMicro, 0n),
      rows.map(({ id }) => id),
      rows.map(({ kind }) => kind),
      rows.map(({ amountMicro }) => amountMicro),
      rows.map(({ deltaMicro }) => deltaMicro),
      rows.map(({ description }) => description),
    ]);
    return count > 0;
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

  /** Newest first, with owners. */
  async page(filter: LedgerFilter, { offset, limit }: Slice): Promise<Counted<OwnedTransactionRow>> {
    const { where, bind } = conditionsOf(filter);
    type Row = OwnerColumns &
      Omit<
        CreditTransactionRow,
        'amountMicro' | 'deltaMicro' | 'balanceBeforeMicro' | 'balanceAfterMicro'
      > & { amount: string; delta: string; before: string; after: string };
    const rows = await this.rows<Row>(
      `SELECT t.id, t.seq, t.user_id AS "userId", t.job_id AS "jobId", t.kind, t.description,
              t.created_at AS "createdAt", t.amount_micro AS amount, t.delta_micro AS delta,
              t.balance_before_micro AS before, t.balance_after_micro AS after, ${OWNER_COLUMNS}
         FROM credit_transactions t JOIN users u ON u.id = t.user_id
        WHERE ${where} ORDER BY t.created_at DESC, t.seq DESC LIMIT $limit OFFSET $offset`,
      { ...bind, limit, offset },
    );
    const [{ total }] = await this.rows<{ total: number }>(
      `SELECT count(*)::int AS total FROM credit_transactions t WHERE ${where}`,
      bind,
    );
    const toRow = (row: Row): OwnedTransactionRow => ({
      owner: ownerOf(row.userId, row),
      row: {
        id: row.id,
        seq: row.seq,
        userId: row.userId,
        jobId: row.jobId,
        kind: row.kind,
        description: row.description,
        createdAt: row.createdAt,
        amountMicro: BigInt(row.amount),
        deltaMicro: BigInt(row.delta),
        balanceBeforeMicro: BigInt(row.before),
        balanceAfterMicro: BigInt(row.after),
      },
    });
    return { rows: rows.map(toRow), total };
  }

  async totals(filter: LedgerFilter): Promise<TransactionTotalRow[]> {
    const { where, bind } = conditionsOf(filter);
    return this.rows<TransactionTotalRow>(
      `SELECT t.kind, count(*)::int AS count, sum(t.amount_micro)::text AS amount, sum(t.delta_micro)::text AS delta
         FROM credit_transactions t WHERE ${where} GROUP BY t.kind ORDER BY t.kind`,
      bind,
    );
  }

  async sumOfDeltas(userId: string): Promise<bigint> {
    const [{ sum }] = await this.rows<{ sum: string }>(
      'SELECT COALESCE(SUM(delta_micro), 0)::text AS sum FROM credit_transactions WHERE user_id = $userId',
      { userId },
    );
    return BigInt(sum);
  }
}
