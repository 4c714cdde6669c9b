import type { Transaction } from 'sequelize';
import type { EnqueueRequest } from '../domain/repositories.js';

/** The queue as the rest of the system sees it: a hint is added in the caller's transaction. */
export interface JobQueue {
  /**
   * Adds the hint in `transaction`: visible to workers at its commit, gone with its rollback.
   * A hint of the same `dedupeId` that is still alive swallows this one; one that was worked off is replaced.
   */
  enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void>;
  /** Whether the queue still knows a hint that has not been worked off. */
  knows(dedupeId: string): Promise<boolean>;
  /** Those of `dedupeIds` that the queue still knows, in one question. */
  known(dedupeIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many hints wait, run and are delayed; for health pages and scaling. */
  depth(): Promise<QueueDepth>;
  close(): Promise<void>;
}

/** See {@link JobQueue.depth}. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
}
