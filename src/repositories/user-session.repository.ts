import type { UserSessionDao } from '../dao/user-session.dao.js';
import type { UserSessionRepository } from '../domain/repositories/user-session.repository.js';
import type { NewUserSession, PasswordReset, RenewedToken, UserSession } from '../domain/user-session.js';

/** Sessions of people, and links to set a password, in PostgreSQL. */
export class PostgresUserSessionRepository implements UserSessionRepository {
  readonly #sessions: UserSessionDao;

  constructor(sessions: UserSessionDao) {
    this.#sessions = sessions;
  }

  async create(session: NewUserSession, keep: number): Promise<UserSession> {
    const created = await this.#sessions.insert(session);
    await this.#sessions.prune(session, keep);
    return created;
  }

  async lock(id: string): Promise<UserSession | null> {
    return this.#sessions.lock(id);
  }

  async listByUser(user: {
    readonly id: string;
    readonly tokenVersion: number;
  }): Promise<readonly UserSession[]> {
    return this.#sessions.listByUser(user.id, user.tokenVersion);
  }

  async renew(id: string, token: RenewedToken): Promise<void> {
    await this.#sessions.renew(id, token);
  }

  async remove(session: Pick<UserSession, 'id' | 'userId'>): Promise<boolean> {
    return this.#sessions.remove(session);
  }

  async removeOthers(userId: string, except: string | null): Promise<number> {
    return this.#sessions.removeOthers(userId, except);
  }

  async putReset(reset: PasswordReset): Promise<void> {
    await this.#sessions.putReset(reset);
  }

  async takeReset(id: string): Promise<PasswordReset | null> {
    return this.#sessions.takeReset(id);
  }
}
