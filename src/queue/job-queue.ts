import type { Transaction } from 'sequelize';
import type { EnqueueRequest } from '../domain/repositories/unit-of-work.js';

/**
 * The queue interface used by the rest of the system. Queue messages are added in the caller's transaction.
 */
export interface JobQueue {
  /**
   * Adds a queue message in `transaction`: it becomes visible to workers at commit and is discarded at
   * rollback. If a message with this `dedupeId` is waiting or active, the new one is dropped; a finished one
   * is replaced.
   */
  enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void>;
  /** Whether a queue message with this id is waiting or active. */
  knows(dedupeId: string): Promise<boolean>;
  /** The subset of `dedupeIds` that is waiting or active, in one query. */
  known(dedupeIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Number of messages that no worker has taken, including delayed ones and ones that were not sent yet. */
  untaken(): Promise<number>;
  /** Number of waiting, active and delayed queue messages, for health checks and scaling. */
  depth(): Promise<QueueDepth>;
  close(): Promise<void>;
}

/** See {@link JobQueue.depth}. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
}
