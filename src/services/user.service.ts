import type { MicroCredits } from '../domain/money.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';
import { BatchLookup } from './batch-lookup.js';

/** Read access of users to their own account. */
export class UserService {
  readonly #users: BatchLookup<User>;

  constructor({ read: { users } }: UnitOfWork) {
    this.#users = new BatchLookup((ids) => users.findByIds(ids));
  }

  /** The current balance. */
  async balance(userId: string): Promise<MicroCredits> {
    const user = await this.#users.find(userId);
    if (!user) throw notFound('User', userId);
    return user.balance;
  }
}
