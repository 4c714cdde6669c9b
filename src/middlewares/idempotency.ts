import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type {
  IdempotencyRecord,
  IdempotencyRepository,
} from '../domain/repositories/idempotency.repository.js';
import { AppError } from '../errors/app-error.js';
import type { Reply } from './reply.js';

/** The part of a transaction that stores a receipt. */
interface ReceiptScope {
  readonly idempotency: IdempotencyRepository;
}

/** Stores the response to a charged request in the transaction that does the work. */
export interface Receipt {
  /** Whether the request has an idempotency key, so that its response is stored. */
  readonly isKept: boolean;
  /**
   * Stores `reply` under the request's key; does nothing for requests without a key.
   * @throws IdempotentReplay when a concurrent request with the same key committed first; the transaction
   *   then rolls back.
   */
  record(scope: ReceiptScope, reply: Reply): Promise<void>;
}

/** Thrown inside a transaction that lost the race for its key; carries the response of the winner. */
class IdempotentReplay extends Error {
  constructor(readonly existing: IdempotencyRecord) {
    super('A concurrent request with this Idempotency-Key committed first.');
    this.name = 'IdempotentReplay';
  }
}

/** Receipt of requests without a key. */
export const NO_RECEIPT: Receipt = { isKept: false, record: () => Promise.resolve() };

/** Identifies a request and its repeats. */
export interface IdempotentRequest {
  /** Undefined for a request that may run again. */
  readonly key: string | undefined;
  readonly repository: IdempotencyRepository;
  readonly userId: string;
  readonly request: Request;
  /** Parts of the request that must be equal in a repeat, in addition to method and URL. */
  readonly fingerprint: unknown;
}

function hashOf({ request, fingerprint }: IdempotentRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([request.method, request.originalUrl, fingerprint ?? null]))
    .digest('hex');
}

function replay(record: IdempotencyRecord, hash: string): Reply {
  if (record.requestHash !== hash) {
    throw new AppError('IDEMPOTENCY_MISMATCH', {
      message: 'This Idempotency-Key was used for a different request within the last 24 hours.',
    });
  }
  if (record.response === null) {
    throw new AppError('IDEMPOTENCY_IN_FLIGHT', {
      message: 'A request with this Idempotency-Key is still in progress.',
      retryAfterSeconds: 1,
    });
  }
  const { status, body } = record.response;
  return { status, body, headers: { 'Idempotency-Replayed': 'true' } };
}

/**
 * Runs `work` at most once per key. The response is stored in the transaction of the work, so a crash leaves
 * either both or neither, and a failed request may be repeated.
 */
export async function runIdempotently(
  context: IdempotentRequest,
  work: (receipt: Receipt) => Promise<Reply>,
): Promise<Reply> {
  const { key, repository, userId } = context;
  if (key === undefined) return work(NO_RECEIPT);
  const hash = hashOf(context);
  const earlier = await repository.find(userId, key);
  if (earlier !== null) return replay(earlier, hash);
  const receipt: Receipt = {
    isKept: true,
    async record({ idempotency }, reply) {
      const winner = await idempotency.begin(userId, key, hash);
      if (winner !== null) throw new IdempotentReplay(winner);
      await idempotency.complete(userId, key, { status: reply.status, body: reply.body ?? null });
    },
  };
  try {
    return await work(receipt);
  } catch (error) {
    // The loser of a race may fail with another error, such as INSUFFICIENT_CREDITS after the winner's
    // charge.
    const winner = error instanceof IdempotentReplay ? error.existing : await repository.find(userId, key);
    if (winner !== null) return replay(winner, hash);
    throw error;
  }
}
