import type { LedgerTotal, Owner } from '../domain/listing.js';
import { toCredits, type LedgerEntry, type LedgerKind } from '../domain/money.js';
import type { OPERATION_TYPES } from '../schemas/administration.schema.js';

type OperationType = (typeof OPERATION_TYPES)[number];
type TransactionStatus = 'pending' | 'completed' | 'refunded';

/** What rows of the ledger are called where they are shown as token transactions. */
const VIEW: Readonly<Record<LedgerKind, readonly [OperationType, TransactionStatus]>> = {
  grant: ['registration_bonus', 'completed'],
  recharge: ['admin_recharge', 'completed'],
  upload: ['dataset_upload', 'completed'],
  hold: ['inference', 'pending'],
  capture: ['inference', 'completed'],
  release: ['inference', 'refunded'],
  refund: ['refund', 'refunded'],
};

/** Kinds of rows that a filter means; all when nothing is asked for. */
export function kindsOf(filter: {
  operationType?: OperationType;
  status?: TransactionStatus;
}): readonly LedgerKind[] {
  return (Object.keys(VIEW) as LedgerKind[]).filter((kind) => {
    const [type, status] = VIEW[kind];
    return (filter.operationType ?? type) === type && (filter.status ?? status) === status;
  });
}

/** A row of the ledger as a token transaction; `amount` is the change of the balance. */
export function presentTransaction(entry: LedgerEntry) {
  const [operationType, status] = VIEW[entry.kind];
  return {
    id: entry.id,
    operationType,
    operationId: entry.jobId ?? `${operationType}_${entry.userId}_${entry.createdAt.getTime()}`,
    amount: toCredits(entry.delta),
    status,
    balanceBefore: toCredits(entry.balanceBefore),
    balanceAfter: toCredits(entry.balanceAfter),
    description: entry.description,
    createdAt: entry.createdAt.toISOString(),
  };
}

/** The owner of a row. */
export function presentOwner({ id, name, surname, email, role, deleted }: Owner) {
  return { id, name, surname, email, role, deleted };
}

/** Counts and changes of the balance, by type of operation and by status. */
export function presentLedgerSummary(totals: readonly LedgerTotal[]) {
  const sumBy = (index: 0 | 1) => {
    const sums: Record<string, { count: number; amount: number }> = {};
    for (const key of new Set(totals.map(({ kind }) => VIEW[kind][index]))) {
      const rows = totals.filter(({ kind }) => VIEW[kind][index] === key);
      const delta = rows.reduce((sum, row) => sum + row.delta, 0n);
      sums[key] = { count: rows.reduce((sum, { count }) => sum + count, 0), amount: toCredits(delta) };
    }
    return sums;
  };
  return {
    totalTransactions: totals.reduce((sum, { count }) => sum + count, 0),
    byOperationType: sumBy(0),
    byStatus: sumBy(1),
  };
}
