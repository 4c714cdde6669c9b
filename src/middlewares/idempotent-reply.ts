import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Receipt } from './idempotency.js';
import type { Reply } from './reply.js';

/** The answer to a request, presented once where it is kept for repeats: they must get the very same. */
export class IdempotentReply<Outcome> {
  #kept: Reply | undefined;
  /** Where the service stores the outcome; undefined if the request cannot be repeated by key. */
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
