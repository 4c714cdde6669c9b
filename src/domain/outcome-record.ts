import type { TransactionScope } from './repositories/unit-of-work.js';

/**
 * Records the outcome of an operation in the transaction that performs it, for repeated requests or for the audit log.
 */
export interface OutcomeRecord<Outcome> {
  /** @throws to roll back the transaction, for example when a repetition of the request was faster */
  record(scope: TransactionScope, outcome: Outcome): Promise<void>;
}
