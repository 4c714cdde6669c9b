import type { Counted, LedgerFilter, Owner, Slice } from '../domain/listing.js';
import type { HoldState, LedgerKind } from '../domain/money.js';
import type { CreditTransactionRow, NewCreditTransactionRow } from '../models/credit-transaction.model.js';
import { Dao } from './dao.js';
import { OWNER_COLUMNS, ownerOf, type OwnerColumns } from './owner-columns.js';

/** A row with the state of its hold, if it is a hold. */
export interface TransactionRow extends CreditTransactionRow {
  readonly hold: HoldState | null;
}

/** A row with its owner. */
export interface OwnedTransactionRow {
  readonly row: TransactionRow;
  readonly owner: Owner;
}

/** Sums of one kind of rows; amounts are BIGINT as text. */
export interface TransactionTotalRow {
  readonly kind: LedgerKind;
  readonly hold: HoldState | null;
  readonly count: number;
  readonly amount: string;
  readonly delta: string;
}

/** Rows are immutable, so the state of a hold is derived from its job, session or upload, by primary key. */
const ROWS = `
  SELECT t.*, CASE WHEN t.kind <> 'hold' THEN NULL
                   WHEN j.status IN ('PENDING', 'RUNNING') OR s.status <> 'ended'
                     OR up.state IN ('open', 'received') THEN 'pending'
                   WHEN j.status = 'COMPLETED' OR s.frames_answered > 0 THEN 'captured' ELSE 'released' END AS hold
    FROM credit_transactions t LEFT JOIN inference_jobs j ON j.id = t.job_id
                               LEFT JOIN servo_sessions s ON s.id = t.session_id
                               LEFT JOIN uploads up ON up.id = t.upload_id`;

/** Columns of rows `t` of {@link ROWS}. */
const COLUMNS = `t.id, t.seq, t.user_id AS "userId", t.job_id AS "jobId", t.session_id AS "sessionId", t.upload_id AS "uploadId", t.kind, t.hold, t.description,
  t.created_at AS "createdAt", t.amount_micro AS amount, t.delta_micro AS delta,
  t.balance_before_micro AS before, t.balance_after_micro AS after`;

interface SelectedRow extends Omit<
  TransactionRow,
  'amountMicro' | 'deltaMicro' | 'balanceBeforeMicro' | 'balanceAfterMicro'
> {
  readonly amount: string;
  readonly delta: string;
  readonly before: string;
  readonly after: string;
}

function toRow(selected: SelectedRow): TransactionRow {
  const { id, seq, userId, jobId, sessionId, uploadId, kind, hold, description, createdAt } = selected;
  return {
    id,
    seq,
    userId,
    jobId,
    sessionId,
    uploadId,
    kind,
    hold,
    description,
    createdAt,
    amountMicro: BigInt(selected.amount),
    deltaMicro: BigInt(selected.delta),
    balanceBeforeMicro: BigInt(selected.before),
    balanceAfterMicro: BigInt(selected.after),
  };
}

function conditionsOf(filter: LedgerFilter): { where: string; bind: Record<string, unknown> } {
  const { userId, kinds, holds, includeDeleted = true } = filter;
  return {
    where: [
      'TRUE',
      ...(userId === undefined ? [] : ['t.user_id = $userId']),
      ...(kinds === undefined ? [] : ['t.kind = ANY($kinds::text[])']),
      ...(holds === undefined ? [] : ['(t.hold IS NULL OR t.hold = ANY($holds::text[]))']),
      ...(includeDeleted ? [] : ['u.deleted_at IS NULL']),
    ].join(' AND '),
    bind: {
      ...(userId !== undefined && { userId }),
      ...(kinds !== undefined && { kinds: [...kinds] }),
      ...(holds !== undefined && { holds: [...holds] }),
    },
  };
}

/** A row of {@link CreditTransactionDao.appendAll}; its balances are computed from the account. */
export type AppendedRow = Pick<
  CreditTransactionRow,
  'id' | 'kind' | 'amountMicro' | 'deltaMicro' | 'description'
>;

/** Parameters: account, sum, then ids, kinds, amounts, deltas and descriptions of the rows. */
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

/** Table `credit_transactions`, which is append-only. */
export class CreditTransactionDao extends Dao {
  async insert(row: NewCreditTransactionRow): Promise<CreditTransactionRow> {
    const entry = await this.models.creditTransactions.create(row, {
      transaction: this.requireTransaction(),
    });
    return entry.get({ plain: true });
  }

  /**
   * Changes the balance by the sum of all rows and inserts them in order. A single statement, so that it is
   * atomic without a transaction and holds the account's lock for no extra round trip.
   * @returns false when there is no such account or its balance does not cover the sum
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
  async listByUser(userId: string, limit: number): Promise<TransactionRow[]> {
    const rows = await this.rows<SelectedRow>(
      `SELECT ${COLUMNS} FROM (${ROWS}) t WHERE t.user_id = $userId ORDER BY t.seq DESC LIMIT $limit`,
      { userId, limit },
    );
    return rows.map(toRow);
  }

  /** Newest first, with owners. */
  async page(filter: LedgerFilter, { offset, limit }: Slice): Promise<Counted<OwnedTransactionRow>> {
    const { where, bind } = conditionsOf(filter);
    const rows = await this.rows<SelectedRow & OwnerColumns>(
      `SELECT ${COLUMNS}, ${OWNER_COLUMNS}
         FROM (${ROWS}) t JOIN users u ON u.id = t.user_id
        WHERE ${where} ORDER BY t.created_at DESC, t.seq DESC LIMIT $limit OFFSET $offset`,
      { ...bind, limit, offset },
    );
    const [{ total }] = await this.rows<{ total: number }>(
      `SELECT count(*)::int AS total FROM (${ROWS}) t JOIN users u ON u.id = t.user_id WHERE ${where}`,
      bind,
    );
    return { rows: rows.map((row) => ({ owner: ownerOf(row.userId, row), row: toRow(row) })), total };
  }

  async totals(filter: LedgerFilter): Promise<TransactionTotalRow[]> {
    const { where, bind } = conditionsOf(filter);
    return this.rows<TransactionTotalRow>(
      `SELECT t.kind, t.hold, count(*)::int AS count, sum(t.amount_micro)::text AS amount,
              sum(t.delta_micro)::text AS delta
         FROM (${ROWS}) t JOIN users u ON u.id = t.user_id
        WHERE ${where} GROUP BY t.kind, t.hold ORDER BY t.kind, t.hold`,
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
