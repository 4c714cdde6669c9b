import type {
  IdempotencyRecord,
  IdempotencyRepository,
} from '../../src/domain/repositories/idempotency.repository.js';
import type { InMemoryStore } from './in-memory-store.js';

/** Idempotency keys in memory. */
export class InMemoryIdempotencyRepository implements IdempotencyRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async find(userId: string, key: string): Promise<IdempotencyRecord | null> {
    const row = this.#store.keys.get(`${userId} ${key}`);
    return row ? { requestHash: row.requestHash, response: row.response } : null;
  }

  async begin(userId: string, key: string, requestHash: string): Promise<IdempotencyRecord | null> {
    const existing = this.#store.keys.get(`${userId} ${key}`);
    if (existing) return { requestHash: existing.requestHash, response: existing.response };
    this.#store.keys.set(`${userId} ${key}`, { requestHash, response: null, createdAt: this.#store.now() });
    return null;
  }

  async complete(userId: string, key: string, response: { status: number; body: unknown }): Promise<void> {
    const row = this.#store.keys.get(`${userId} ${key}`);
    if (row) this.#store.keys.set(`${userId} ${key}`, { ...row, response });
  }

  async release(userId: string, key: string): Promise<void> {
    if (this.#store.keys.get(`${userId} ${key}`)?.response === null)
      this.#store.keys.delete(`${userId} ${key}`);
  }

  async deleteOlderThan(date: Date): Promise<number> {
    const old = [...this.#store.keys].filter(([, row]) => row.createdAt < date);
    old.forEach(([id]) => this.#store.keys.delete(id));
    return old.length;
  }
}
