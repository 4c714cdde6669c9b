import type { LedgerFilter, LedgerTotal, Owner } from '../domain/listing.js';
import {
  HOLD_STATES,
  toCredits,
  type HoldState,
  type LedgerEntry,
  type LedgerKind,
} from '../domain/money.js';
import type { TRANSACTION_STATUSES } from '../schemas/account.schema.js';
import type { OPERATION_TYPES } from '../schemas/administration.schema.js';

type OperationType = (typeof OPERATION_TYPES)[number];
type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

/** Ledger kinds as operation type and status of a token transaction. */
const OPERATIONS: Readonly<Record<LedgerKind, readonly [OperationType, TransactionStatus | null]>> = {
  grant: ['registration_bonus', 'completed'],
  recharge: ['admin_recharge', 'completed'],
  upload: ['dataset_upload', 'completed'],
  // The status of a hold is that of its job.
  hold: ['inference', null],
  capture: ['inference', 'completed'],
  release: ['inference', 'refunded'],
  refund: ['refund', 'refunded'],
};

function viewOf({ kind, hold }: Pick<LedgerEntry, 'kind' | 'hold'>): [OperationType, TransactionStatus] {
  const [operationType, status] = OPERATIONS[kind];
  return [operationType, status ?? hold ?? 'pending'];
}

const isHoldState = (status: TransactionStatus): status is HoldState =>
  (HOLD_STATES as readonly string[]).includes(status);

/** Ledger rows selected by a filter; all rows without one. */
export function ledgerFilterOf(filter: {
  operationType?: OperationType;
  status?: TransactionStatus;
}): Pick<LedgerFilter, 'kinds' | 'holds'> {
  const { operationType, status } = filter;
  const hold = status !== undefined && isHoldState(status) ? status : undefined;
  const kinds = (Object.keys(OPERATIONS) as LedgerKind[]).filter((kind) => {
    const [type, own] = OPERATIONS[kind];
    if (operationType !== undefined && operationType !== type) return false;
    return status === undefined || (own === null ? hold !== undefined : own === status);
  });
  return { kinds, ...(hold && { holds: [hold] }) };
}

/** A ledger row as a token transaction; `amount` is the change of the balance. */
export function presentTransaction(entry: LedgerEntry) {
  const [operationType, status] = viewOf(entry);
  return {
    id: entry.id,
    operationType,
    operationId:
      entry.jobId ??
      entry.sessionId ??
      entry.uploadId ??
      `${operationType}_${entry.userId}_${entry.createdAt.getTime()}`,
    amount: toCredits(entry.delta),
    status,
    balanceBefore: toCredits(entry.balanceBefore),
    balanceAfter: toCredits(entry.balanceAfter),
    description: entry.description,
    createdAt: entry.createdAt.toISOString(),
  };
}

/** The owner of a ledger row. */
export function presentOwner({ id, name, surname, email, role, deleted }: Owner) {
  return { id, name, surname, email, role, deleted };
}

/** Counts and balance changes by type of operation and by status. */
export function presentLedgerSummary(totals: readonly LedgerTotal[]) {
  const sumBy = (index: 0 | 1) => {
    const sums: Record<string, { count: number; amount: number }> = {};
    for (const key of new Set(totals.map((row) => viewOf(row)[index]))) {
      const rows = totals.filter((row) => viewOf(row)[index] === key);
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
