import type { LedgerEntry, PricePreset } from '../domain/money.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal, User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';
import type { OrphanedJobs } from './orphaned-jobs.service.js';

/** What a user may change of the own account. */
export interface AccountChanges {
  readonly name?: string;
  readonly surname?: string;
  readonly email?: string;
  readonly password?: string;
}

/** A user with the last rows of the ledger. */
export interface AccountStatement {
  readonly user: User;
  readonly entries: readonly LedgerEntry[];
}

/** What {@link AccountService} uses. */
export interface AccountServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly passwords: PasswordHasher;
  readonly orphans: Pick<OrphanedJobs, 'endPortion' | 'endAll'>;
  /** Takes failures after the answer; the worker ends what is left. */
  onError(error: unknown): void;
}

/** The own account: profile, statement, changes, and its end. */
export class AccountService {
  readonly #deps: AccountServiceDeps;

  constructor(deps: AccountServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError NOT_FOUND. */
  async get(userId: string): Promise<User> {
    const user = await this.#deps.unitOfWork.read.users.findById(userId);
    if (!user) throw notFound('User', userId);
    return user;
  }

  /** The user with the newest `limit` rows of the ledger. @throws AppError NOT_FOUND. */
  async statement(userId: string, limit: number): Promise<AccountStatement> {
    const user = await this.get(userId);
    return { user, entries: await this.#deps.unitOfWork.read.ledger.listByUser(userId, limit) };
  }

  /** The price list of inpainting. */
  prices(): Promise<PricePreset> {
    return this.#deps.unitOfWork.read.prices.current('inpainting');
  }

  /**
   * Changes the own account; a new password revokes all tokens, the one that it has already does not.
   * @throws AppError NOT_FOUND for any other account, EMAIL_TAKEN, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG.
   */
  async update(principal: Principal, userId: string, changes: AccountChanges): Promise<User> {
    requireOwn(principal, userId);
    const { password, ...rest } = changes;
    if (password !== undefined) requireUsablePassword(password);
    const hash = password === undefined ? undefined : await this.#newHash(userId, password);
    return this.#deps.unitOfWork.run(async ({ users }) => {
      if (hash !== undefined) await users.setPassword(userId, hash);
      return users.update(userId, rest);
    });
  }

  /** The hash of a new password; undefined when the account has this password already. */
  async #newHash(userId: string, password: string): Promise<string | undefined> {
    const { passwordHash } = await this.get(userId);
    if (await this.#deps.passwords.matches(password, passwordHash, { key: userId })) return undefined;
    return this.#deps.passwords.hash(password, userId);
  }

  /**
   * Ends the account at once: datasets are deleted, personal data is gone; the ledger stays. Its jobs are aborted and their
   * holds released in portions, the first one before the answer and the others behind it.
   * @throws AppError NOT_FOUND for any other account.
   */
  async remove(principal: Principal, userId: string): Promise<void> {
    requireOwn(principal, userId);
    await this.#deps.unitOfWork.run(async (scope) => {
      await scope.datasets.softDeleteAll(userId);
      await scope.servoSessions.removeGoals(userId);
      await scope.users.remove(userId);
    });
    if (await this.#deps.orphans.endPortion()) void this.#deps.orphans.endAll().catch(this.#deps.onError);
  }
}

/** Other accounts do not exist for the caller. */
function requireOwn(principal: Principal, userId: string): void {
  if (principal.userId !== userId) throw notFound('User', userId);
}
