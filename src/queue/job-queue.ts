import type { Transaction } from 'sequelize';
import type { EnqueueRequest } from '../domain/repositories/unit-of-work.js';

/** The queue as the rest of the system sees it: a queue message is added in the caller's transaction. */
export interface JobQueue {
  /**
   * Adds the queue message in `transaction`: visible to workers at its commit, gone with its rollback.
   * If a queue message with this `dedupeId` waits or runs, this one is dropped; a finished one is replaced.
   */
  enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void>;
  /** Which of these queue messages wait or run. */
  knows(dedupeId: string): Promise<boolean>;
  /** Those of `dedupeIds` that the queue still knows, in one question. */
  known(dedupeIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many queue messages wait, run and are delayed; for health checks and scaling. */
  depth(): Promise<QueueDepth>;
  close(): Promise<void>;
}

/** See {@link JobQueue.depth}. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
}
