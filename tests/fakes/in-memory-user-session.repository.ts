import type { UserSessionRepository } from '../../src/domain/repositories/user-session.repository.js';
import type {
  NewUserSession,
  PasswordReset,
  RenewedToken,
  UserSession,
} from '../../src/domain/user-session.js';
import type { InMemoryStore } from './in-memory-store.js';

/** Sessions of people, and links to set a password, in memory. */
export class InMemoryUserSessionRepository implements UserSessionRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async create(session: NewUserSession, keep: number): Promise<UserSession> {
    const now = this.#store.now();
    const row = { ...session, createdAt: now, lastUsedAt: now };
    this.#store.userSessions.set(row.id, row);
    const own = this.#own(session.userId).reverse();
    for (const [index, other] of own.entries())
      if (index >= keep || other.expiresAt < now || other.tokenVersion < session.tokenVersion)
        this.#store.userSessions.delete(other.id);
    return row;
  }

  async lock(id: string): Promise<UserSession | null> {
    return this.#store.userSessions.get(id) ?? null;
  }

  async listByUser(user: { id: string; tokenVersion: number }): Promise<readonly UserSession[]> {
    return this.#own(user.id)
      .filter(({ tokenVersion }) => tokenVersion === user.tokenVersion)
      .filter(({ expiresAt }) => expiresAt > this.#store.now())
      .reverse();
  }

  async renew(id: string, token: RenewedToken): Promise<void> {
    const row = this.#store.userSessions.get(id);
    if (!row) return;
    // The most recently used one is last.
    this.#store.userSessions.delete(id);
    this.#store.userSessions.set(id, { ...row, ...token, lastUsedAt: this.#store.now() });
  }

  async remove({ id, userId }: Pick<UserSession, 'id' | 'userId'>): Promise<boolean> {
    return this.#store.userSessions.get(id)?.userId === userId && this.#store.userSessions.delete(id);
  }

  async removeOthers(userId: string, except: string | null): Promise<number> {
    const others = this.#own(userId).filter(({ id }) => id !== except);
    others.forEach(({ id }) => this.#store.userSessions.delete(id));
    return others.length;
  }

  async putReset(reset: PasswordReset): Promise<void> {
    for (const { id, userId } of this.#store.passwordResets.values())
      if (userId === reset.userId) this.#store.passwordResets.delete(id);
    this.#store.passwordResets.set(reset.id, reset);
  }

  async takeReset(id: string): Promise<PasswordReset | null> {
    const reset = this.#store.passwordResets.get(id) ?? null;
    this.#store.passwordResets.delete(id);
    return reset;
  }

  #own(userId: string): UserSession[] {
    return [...this.#store.userSessions.values()].filter((session) => session.userId === userId);
  }
}
