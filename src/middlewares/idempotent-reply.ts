import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Receipt } from './idempotency.js';
import type { Reply } from './reply.js';

/**
 * The response to a request. It is presented only once when it is stored, since repeats must get an identical
 * response.
 */
export class IdempotentReply<Outcome> {
  #kept: Reply | undefined;
  /**
   * Stores the outcome within the service's transaction; undefined for requests without an idempotency key.
   */
  readonly record: OutcomeRecord<Outcome> | undefined;

  readonly #present: (outcome: Outcome) => Reply;

  constructor(receipt: Receipt, present: (outcome: Outcome) => Reply) {
    this.#present = present;

    if (!receipt.isKept) return;
    this.record = {
      record: async (scope, outcome) => {
        this.#kept = present(outcome);
        await receipt.record(scope, this.#kept);
      },
    };
  }

  of(outcome: Outcome): Reply {
    return this.#kept ?? this.#present(outcome);
  }
}
