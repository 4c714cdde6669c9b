import { v7 as uuid } from 'uuid';
import type { CreditTransactionDao, TransactionRow } from '../dao/credit-transaction.dao.js';
import type { UserDao } from '../dao/user.dao.js';
import type { Counted, LedgerFilter, LedgerTotal, OwnedLedgerEntry, Slice } from '../domain/listing.js';
import type { LedgerEntry, MicroCredits } from '../domain/money.js';
import type { LedgerRepository } from '../domain/repositories/ledger.repository.js';
import { notFound } from '../errors/common-errors.js';
import { insufficientCredits } from '../domain/insufficient-credits.js';

function toEntry(row: TransactionRow): LedgerEntry {
  const { id, userId, jobId, sessionId, uploadId, kind, hold, description, createdAt } = row;
  return {
    id,
    userId,
    jobId,
    sessionId,
    uploadId,
    kind,
    hold,
    amount: row.amountMicro,
    delta: row.deltaMicro,
    balanceBefore: row.balanceBeforeMicro,
    balanceAfter: row.balanceAfterMicro,
    description,
    createdAt,
  };
}

/**
 * Balances and ledger in PostgreSQL: a guarded change of the balance and its row are written in one
 * transaction.
 */
export class PostgresLedgerRepository implements LedgerRepository {
  readonly #users: UserDao;
  readonly #entries: CreditTransactionDao;

  constructor(users: UserDao, entries: CreditTransactionDao) {
    this.#users = users;
    this.#entries = entries;
  }

  async append(entry: Parameters<LedgerRepository['append']>[0]): Promise<LedgerEntry> {
    const { userId, jobId, sessionId, uploadId, kind, amount, delta, description } = entry;
    const balanceAfter = await this.#users.addToBalance(userId, delta);
    if (balanceAfter === null) throw await this.#refusal(userId, -delta);
    const row = await this.#entries.insert({
      id: uuid(),
      userId,
      jobId: jobId ?? null,
      sessionId: sessionId ?? null,
      uploadId: uploadId ?? null,
      kind,
      amountMicro: amount,
      deltaMicro: delta,
      balanceBeforeMicro: balanceAfter - delta,
      balanceAfterMicro: balanceAfter,
      description,
    });
    // The job, session or upload of a new hold was just created, so the hold is pending.
    return toEntry({ ...row, hold: kind === 'hold' ? 'pending' : null });
  }

  async appendAll(userId: string, entries: Parameters<LedgerRepository['appendAll']>[1]): Promise<void> {
    const rows = entries.map(({ kind, amount, delta, description }) => ({
      id: uuid(),
      kind,
      amountMicro: amount,
      deltaMicro: delta,
      description,
    }));
    if (await this.#entries.appendAll(userId, rows)) return;
    throw await this.#refusal(
      userId,
      entries.reduce((sum, { delta }) => sum - delta, 0n),
    );
  }

  async listByUser(userId: string, limit: number): Promise<readonly LedgerEntry[]> {
    const rows = await this.#entries.listByUser(userId, limit);
    return rows.map(toEntry);
  }

  async page(filter: LedgerFilter, slice: Slice): Promise<Counted<OwnedLedgerEntry>> {
    const { rows, total } = await this.#entries.page(filter, slice);
    return { rows: rows.map(({ row, owner }) => ({ entry: toEntry(row), owner })), total };
  }

  async totals(filter: LedgerFilter): Promise<readonly LedgerTotal[]> {
    const rows = await this.#entries.totals(filter);
    return rows.map((row) => ({ ...row, amount: BigInt(row.amount), delta: BigInt(row.delta) }));
  }

  async sumOfDeltas(userId: string): Promise<MicroCredits> {
    return this.#entries.sumOfDeltas(userId);
  }

  async #refusal(userId: string, required: MicroCredits): Promise<Error> {
    const user = await this.#users.findById(userId);
    return user ? insufficientCredits(user.balanceMicro, required) : notFound('User', userId);
  }
}
