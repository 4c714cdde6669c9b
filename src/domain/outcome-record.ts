import type { TransactionScope } from './repositories/unit-of-work.js';

/** Keeps what a service did, in the transaction that does it: for repeats of the request, or for those who look later. */
export interface OutcomeRecord<Outcome> {
  /** @throws to undo the transaction, such as when a repeat of the request was faster */
  record(scope: TransactionScope, outcome: Outcome): Promise<void>;
}
