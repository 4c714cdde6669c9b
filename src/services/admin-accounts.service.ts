import type { AuditEntry } from '../domain/audit.js';
import type { Counted, Slice, UserFilter } from '../domain/listing.js';
import { toCredits, type MicroCredits } from '../domain/money.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';
import { generatePassword, type AdminService } from './admin.service.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';

/** A password that was set. When `generated`, show it once: only its hash is stored. */
export interface NewPassword {
  readonly email: string;
  readonly generated: string | null;
}

/** Dependencies of {@link AdminAccounts}. */
export interface AdminAccountsDeps {
  readonly unitOfWork: UnitOfWork;
  readonly passwords: PasswordHasher;
  readonly admins: Pick<AdminService, 'recharge'>;
}

/**
 * Account operations for the operator of the machine, who does not sign in. Each change and its audit log
 * entry are written in one transaction.
 */
export class AdminAccounts {
  readonly #deps: AdminAccountsDeps;
  readonly #actor: string;

  /** @param actor operating system user who runs the command, for the audit log and the ledger */
  constructor(deps: AdminAccountsDeps, actor: string) {
    this.#deps = deps;
    this.#actor = actor;
  }

  /** Accounts, newest first. */
  async list(filter: UserFilter, slice: Slice): Promise<Counted<User>> {
    await this.#deps.unitOfWork.read.audit.append(this.#entry('list', { ...filter, ...slice }));
    return this.#deps.unitOfWork.read.users.page(filter, slice);
  }

  /**
   * Sets the given password, or a random one, and ends all sessions of the account.
   * @throws AppError NOT_FOUND, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG.
   */
  async resetPassword(email: string, password?: string): Promise<NewPassword> {
    const generated = password === undefined ? generatePassword() : null;
    const chosen = password ?? generated ?? '';
    requireUsablePassword(chosen);
    const passwordHash = await this.#deps.passwords.hash(chosen);
    const user = await this.#change('reset-password', email, async ({ users, userSessions }, { id }) => {
      await users.setPassword(id, passwordHash);
      await userSessions.removeOthers(id, null);
    });
    return { email: user.email, generated };
  }

  /** Disables an account: it cannot sign in, and its sessions end immediately. @throws AppError NOT_FOUND. */
  disable(email: string): Promise<User> {
    return this.#change('disable', email, ({ users }, { id }) => users.setDisabled(id, true));
  }

  /** Enables a disabled account again. @throws AppError NOT_FOUND. */
  enable(email: string): Promise<User> {
    return this.#change('enable', email, ({ users }, { id }) => users.setDisabled(id, false));
  }

  /**
   * Adds credits with one ledger row. @returns the new balance @throws AppError NOT_FOUND, INVALID_AMOUNT.
   */
  recharge(email: string, credits: number): Promise<MicroCredits> {
    const description = `Recharge of ${String(credits)} credits by ${this.#actor}`;
    return this.#deps.admins.recharge(
      { email: this.#actor },
      { email, credits, description },
      {
        record: ({ audit }, balance) =>
          audit.append(this.#entry('recharge', { email, credits, newBalance: toCredits(balance) })),
      },
    );
  }

  #change(
    action: string,
    email: string,
    change: (scope: TransactionScope, user: User) => Promise<void>,
  ): Promise<User> {
    return this.#deps.unitOfWork.run(async (scope) => {
      const user = await scope.users.findByEmail(email);
      if (!user) throw notFound('User', email);
      await change(scope, user);
      await scope.audit.append(this.#entry(action, { email: user.email }));
      return user;
    });
  }

  #entry(command: string, subject: AuditEntry['subject']): AuditEntry {
    return { actorId: null, actor: this.#actor, action: `admin ${command}`, subject, requestId: null };
  }
}
