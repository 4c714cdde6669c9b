import type { UserRepository } from '../domain/repositories/user.repository.js';
import type { User } from '../domain/user.js';

/** Maximum number of ids per query. */
const MAX_BATCH = 256;

interface Waiting {
  readonly id: string;
  resolve(user: User | null): void;
  reject(error: unknown): void;
}

/**
 * Looks up users for concurrent requests in batches: while one query runs, new lookups are collected for the
 * next. A lookup is never answered by a query that started before it, so a token revoked before a request is
 * always rejected.
 */
export class UserLookup {
  #waiting: Waiting[] = [];
  #querying = false;

  readonly #users: Pick<UserRepository, 'findByIds'>;

  constructor(users: Pick<UserRepository, 'findByIds'>) {
    this.#users = users;
  }

  /** The user with this id; null when there is none. */
  find(id: string): Promise<User | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject });
      if (!this.#querying) void this.#query();
    });
  }

  async #query(): Promise<void> {
    this.#querying = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        const users = await this.#users.findByIds([...new Set(batch.map(({ id }) => id))]);
        const byId = new Map(users.map((user) => [user.id, user]));
        batch.forEach(({ id, resolve }) => resolve(byId.get(id) ?? null));
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    this.#querying = false;
  }
}
