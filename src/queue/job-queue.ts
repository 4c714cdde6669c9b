import type { Transaction } from 'sequelize';
import type { EnqueueRequest } from '../domain/repositories.js';

/** The queue as the rest of the system sees it: a hint is added in the caller's transaction. */
export interface JobQueue {
  /** Adds the hint in `transaction`: visible to workers at its commit, gone with its rollback. */
  enqueueInTransaction(transaction: Transaction, request: EnqueueRequest): Promise<void>;
  /** Whether the queue still knows a hint that has not been worked off. */
  knows(dedupeId: string): Promise<boolean>;
  close(): Promise<void>;
}
