import type { SessionRepository } from '../../src/domain/repositories/session.repository.js';
import type { InMemoryStore } from './in-memory-store.js';

/** Signed-out browser sessions in memory. */
export class InMemorySessionRepository implements SessionRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async revoke(id: string, expiresAt: Date): Promise<void> {
    this.#store.revokedSessions.set(id, expiresAt);
  }

  async isRevoked(id: string): Promise<boolean> {
    return this.#store.revokedSessions.has(id);
  }
}
