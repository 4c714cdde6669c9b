import type { RevokedSessionDao } from '../dao/revoked-session.dao.js';
import type { SessionRepository } from '../domain/repositories/session.repository.js';

/** Rows are kept longer than their tokens, whose expiry is checked with a tolerance. */
const KEPT_LONGER_MS = 3600 * 1000;

/** Signed-out browser sessions in PostgreSQL. */
export class PostgresSessionRepository implements SessionRepository {
  readonly #sessions: RevokedSessionDao;

  constructor(sessions: RevokedSessionDao) {
    this.#sessions = sessions;
  }

  async revoke(id: string, expiresAt: Date): Promise<void> {
    await this.#sessions.insertIfAbsent({ id, expiresAt });
    await this.#sessions.removeExpired(new Date(Date.now() - KEPT_LONGER_MS));
  }

  async isRevoked(id: string): Promise<boolean> {
    return this.#sessions.exists(id);
  }
}
