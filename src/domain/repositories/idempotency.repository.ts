/** State of one `Idempotency-Key` of a user. */
export interface IdempotencyRecord {
  readonly requestHash: string;
  readonly response: { readonly status: number; readonly body: unknown } | null;
}

/** Idempotency keys, kept for 24 hours. */
export interface IdempotencyRepository {
  /** The record of a key; `null` when it is free. */
  find(userId: string, key: string): Promise<IdempotencyRecord | null>;
  /** Reserves the key; returns the existing record when it is taken. */
  begin(userId: string, key: string, requestHash: string): Promise<IdempotencyRecord | null>;
  complete(userId: string, key: string, response: { status: number; body: unknown }): Promise<void>;
  /** Releases a key whose request failed without effect. */
  release(userId: string, key: string): Promise<void>;
  deleteOlderThan(date: Date): Promise<number>;
}
