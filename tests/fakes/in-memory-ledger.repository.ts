import { v7 as uuid } from 'uuid';
import type { LedgerEntry, MicroCredits } from '../../src/domain/money.js';
import type {
  Counted,
  LedgerFilter,
  LedgerTotal,
  OwnedLedgerEntry,
  Slice,
} from '../../src/domain/listing.js';
import type { LedgerRepository } from '../../src/domain/repositories/ledger.repository.js';
import { notFound } from '../../src/errors/common-errors.js';
import { insufficientCredits } from '../../src/domain/insufficient-credits.js';
import { conflict, type InMemoryStore } from './in-memory-store.js';

/** Balances and ledger in memory. */
export class InMemoryLedgerRepository implements LedgerRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async append(entry: Parameters<LedgerRepository['append']>[0]): Promise<LedgerEntry> {
    const { userId, kind, delta } = entry;
    const jobId = entry.jobId ?? null;
    const sessionId = entry.sessionId ?? null;
    const uploadId = entry.uploadId ?? null;
    const user = this.#store.users.get(userId);
    if (!user) throw notFound('User', userId);
    if (user.balance + delta < 0n) throw insufficientCredits(user.balance, -delta);
    const rows = [...this.#store.ledger.values()];
    const same = (row: LedgerEntry): boolean =>
      row.kind === kind && row.jobId === jobId && row.sessionId === sessionId;
    if ((jobId ?? sessionId) !== null && rows.some(same)) {
      throw conflict('LEDGER_ROW_EXISTS');
    }
    const row: LedgerEntry = {
      ...entry,
      id: uuid(),
      jobId,
      sessionId,
      uploadId,
      hold: null,
      balanceBefore: user.balance,
      balanceAfter: user.balance + delta,
      createdAt: this.#store.now(),
    };
    this.#store.users.set(userId, { ...user, balance: row.balanceAfter });
    this.#store.ledger.set(row.id, row);
    return this.#standing(row);
  }

  async appendAll(userId: string, entries: Parameters<LedgerRepository['appendAll']>[1]): Promise<void> {
    const user = this.#store.users.get(userId);
    if (!user) throw notFound('User', userId);
    const sum = entries.reduce((total, { delta }) => total + delta, 0n);
    if (user.balance + sum < 0n) throw insufficientCredits(user.balance, -sum);
    // All are begun before anything else can happen, as one statement is in the database.
    await Promise.all(entries.map((entry) => this.append({ userId, ...entry })));
  }

  async listByUser(userId: string, limit: number): Promise<readonly LedgerEntry[]> {
    return this.#ofUser(userId).reverse().slice(0, limit);
  }

  async page(filter: LedgerFilter, { offset, limit }: Slice): Promise<Counted<OwnedLedgerEntry>> {
    const found = this.#matching(filter).reverse();
    const rows = found
      .slice(offset, offset + limit)
      .map((entry) => ({ entry, owner: this.#store.ownerOf(entry.userId) }));
    return { rows, total: found.length };
  }

  async totals(filter: LedgerFilter): Promise<readonly LedgerTotal[]> {
    const found = this.#matching(filter);
    const keys = new Set(found.map(({ kind, hold }) => `${kind} ${hold ?? ''}`));
    return [...keys].sort().map((key) => {
      const rows = found.filter(({ kind, hold }) => `${kind} ${hold ?? ''}` === key);
      const [{ kind, hold }] = rows;
      return {
        kind,
        hold,
        count: rows.length,
        amount: rows.reduce((sum, { amount }) => sum + amount, 0n),
        delta: rows.reduce((sum, { delta }) => sum + delta, 0n),
      };
    });
  }

  #matching({ userId, kinds, holds, includeDeleted = true }: LedgerFilter): LedgerEntry[] {
    return [...this.#store.ledger.values()]
      .map((row) => this.#standing(row))
      .filter((row) => userId === undefined || row.userId === userId)
      .filter((row) => kinds?.includes(row.kind) ?? true)
      .filter((row) => row.hold === null || (holds?.includes(row.hold) ?? true))
      .filter((row) => includeDeleted || !this.#store.ownerOf(row.userId).deleted);
  }

  async sumOfDeltas(userId: string): Promise<MicroCredits> {
    return this.#ofUser(userId).reduce((sum, { delta }) => sum + delta, 0n);
  }

  #ofUser(userId: string): LedgerEntry[] {
    return [...this.#store.ledger.values()]
      .filter((row) => row.userId === userId)
      .map((row) => this.#standing(row));
  }

  /** The row with what became of it, if it is a hold. */
  #standing(row: LedgerEntry): LedgerEntry {
    if (row.kind !== 'hold') return row;
    const session = this.#store.servoSessions.get(row.sessionId ?? '');
    if (session) {
      const over = session.framesAnswered > 0 ? 'captured' : 'released';
      return { ...row, hold: session.status === 'ended' ? over : 'pending' };
    }
    const { status } = this.#store.jobs.get(row.jobId ?? '') ?? { status: 'FAILED' };
    if (status === 'COMPLETED') return { ...row, hold: 'captured' };
    return { ...row, hold: status === 'PENDING' || status === 'RUNNING' ? 'pending' : 'released' };
  }
}
