import type { IdempotencyKeyDao } from '../dao/idempotency-key.dao.js';
import type {
  IdempotencyRecord,
  IdempotencyRepository,
} from '../domain/repositories/idempotency.repository.js';
import { AppError } from '../errors/app-error.js';

/** Maximum number of attempts when a key is removed between the insert and the read. */
const MAX_ATTEMPTS = 5;

/** Idempotency keys in PostgreSQL. */
export class PostgresIdempotencyRepository implements IdempotencyRepository {
  readonly #keys: IdempotencyKeyDao;

  constructor(keys: IdempotencyKeyDao) {
    this.#keys = keys;
  }

  async find(userId: string, key: string): Promise<IdempotencyRecord | null> {
    const row = await this.#keys.find(userId, key);
    if (!row) return null;
    const response = row.status === null ? null : { status: row.status, body: row.body };
    return { requestHash: row.requestHash, response };
  }

  async begin(userId: string, key: string, requestHash: string): Promise<IdempotencyRecord | null> {
    for (let tries = 0; tries < MAX_ATTEMPTS; tries += 1) {
      if (await this.#keys.insertIfAbsent({ userId, key, requestHash })) return null;
      const existing = await this.find(userId, key);
      if (existing) return existing;
    }
    throw new AppError('IDEMPOTENCY_KEY_CONTENDED', {
      message: 'Too many concurrent requests use this Idempotency-Key.',
    });
  }

  async complete(userId: string, key: string, response: { status: number; body: unknown }): Promise<void> {
    await this.#keys.setResponse({ userId, key }, response.status, response.body ?? null);
  }

  async release(userId: string, key: string): Promise<void> {
    await this.#keys.removePending(userId, key);
  }

  async deleteOlderThan(date: Date): Promise<number> {
    return this.#keys.removeOlderThan(date);
  }
}
