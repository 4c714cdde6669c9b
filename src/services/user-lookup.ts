import type { UserRepository } from '../domain/repositories/user.repository.js';
import type { User } from '../domain/user.js';

/** Ids of one question to the database. */
const MOST_TOGETHER = 256;

interface Waiting {
  readonly id: string;
  resolve(user: User | null): void;
  reject(error: unknown): void;
}

/**
 * Looks users up as they are now, for requests that come together with one question: while one is on its way, those who
 * come wait for the next. Nobody gets an answer to a question that was asked before he came, so that a token that was
 * revoked before a request is refused.
 */
export class UserLookup {
  #waiting: Waiting[] = [];
  #asking = false;

  readonly #users: Pick<UserRepository, 'findByIds'>;

  constructor(users: Pick<UserRepository, 'findByIds'>) {
    this.#users = users;
  }

  /** The user of an id; null where there is none (any more). */
  find(id: string): Promise<User | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject });
      if (!this.#asking) void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, MOST_TOGETHER);
      try {
        const users = await this.#users.findByIds([...new Set(together.map(({ id }) => id))]);
        const byId = new Map(users.map((user) => [user.id, user]));
        together.forEach(({ id, resolve }) => resolve(byId.get(id) ?? null));
      } catch (error) {
        together.forEach(({ reject }) => reject(error));
      }
    }
    this.#asking = false;
  }
}
