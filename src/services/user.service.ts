import type { MicroCredits } from '../domain/money.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { notFound } from '../errors/common-errors.js';

/** Read access of users to their own account. */
export class UserService {
  readonly #unitOfWork: UnitOfWork;

  constructor(unitOfWork: UnitOfWork) {
    this.#unitOfWork = unitOfWork;
  }

  /** The current balance. */
  async balance(userId: string): Promise<MicroCredits> {
    const user = await this.#unitOfWork.read.users.findById(userId);
    if (!user) throw notFound('User', userId);
    return user.balance;
  }
}
