import type { LedgerEntry, PricePreset } from '../domain/money.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal, User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';
import { endImportFile } from './import-holds.js';
import type { OrphanedJobs } from './orphaned-jobs.service.js';

/** Changes that a user may make to their own account. */
export interface AccountChanges {
  readonly name?: string;
  readonly surname?: string;
  readonly email?: string;
  readonly password?: string;
}

/** A user with the newest rows of their ledger. */
export interface AccountStatement {
  readonly user: User;
  readonly entries: readonly LedgerEntry[];
}

/** Dependencies of {@link AccountService}. */
export interface AccountServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly passwords: PasswordHasher;
  readonly orphans: Pick<OrphanedJobs, 'endBatch' | 'endAll'>;
  /**
   * Receives errors that occur after the response was sent; the worker's reconciler ends the remaining jobs.
   */
  onError(error: unknown): void;
}

/** A user's own account: profile, statement, changes and deletion. */
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

  /** The user with the newest `limit` ledger rows. @throws AppError NOT_FOUND. */
  async statement(userId: string, limit: number): Promise<AccountStatement> {
    const user = await this.get(userId);
    return { user, entries: await this.#deps.unitOfWork.read.ledger.listByUser(userId, limit) };
  }

  /** The price list of inpainting. */
  prices(): Promise<PricePreset> {
    return this.#deps.unitOfWork.read.prices.current('inpainting');
  }

  /**
   * Changes the caller's own account. Setting a new password revokes all tokens; setting the current password
   * again revokes nothing.
   * @throws AppError NOT_FOUND for any other account, EMAIL_TAKEN, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG.
   */
  async update(principal: Principal, userId: string, changes: AccountChanges): Promise<User> {
    requireOwn(principal, userId);
    const { password, ...rest } = changes;
    if (password !== undefined) requireUsablePassword(password);
    const hash = password === undefined ? undefined : await this.#newHash(userId, password);
    return this.#deps.unitOfWork.run(async ({ users, userSessions }) => {
      if (hash !== undefined) {
        await users.setPassword(userId, hash);
        await userSessions.removeOthers(userId, null);
      }
      return users.update(userId, rest);
    });
  }

  /** The hash of a new password; undefined when the account already has this password. */
  async #newHash(userId: string, password: string): Promise<string | undefined> {
    const { passwordHash } = await this.get(userId);
    if (await this.#deps.passwords.matches(password, passwordHash, { key: userId })) return undefined;
    return this.#deps.passwords.hash(password, userId);
  }

  /**
   * Deletes the account immediately: datasets are deleted and personal data is erased; the ledger is kept.
   * Jobs are aborted and their holds released in batches, the first batch before the response, the others
   * after it.
   * @throws AppError NOT_FOUND for any other account.
   */
  async remove(principal: Principal, userId: string): Promise<void> {
    requireOwn(principal, userId);
    await this.#deps.unitOfWork.run(async (scope) => {
      // Before the datasets, in the order in which a finished import locks them.
      for (const file of await scope.imports.lockUnfinishedOf(userId))
        await endImportFile(scope, file, { state: 'cancelled' });
      await scope.datasets.softDeleteAll(userId);
      await scope.servoSessions.removeGoals(userId);
      await scope.apiKeys.removeByUser(userId);
      await scope.webhooks.removeAll(userId);
      await scope.userSessions.removeOthers(userId, null);
      await scope.users.remove(userId);
    });
    if (await this.#deps.orphans.endBatch()) void this.#deps.orphans.endAll().catch(this.#deps.onError);
  }
}

/** Answers NOT_FOUND for other accounts, so that a caller cannot find out whether they exist. */
function requireOwn(principal: Principal, userId: string): void {
  if (principal.userId !== userId) throw notFound('User', userId);
}
