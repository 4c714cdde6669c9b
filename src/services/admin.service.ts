import { randomBytes } from 'node:crypto';
import { fromCredits, requireHoldable, type MicroCredits } from '../domain/money.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal, User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';
import { createAccount } from './create-account.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';

const GENERATED_PASSWORD_BYTES = 15;

/** A recharge by an admin. */
export interface Recharge {
  readonly email: string;
  /** In credits, with at most six decimals. */
  readonly credits: number;
  /** Description of the ledger row; names the admin by default. */
  readonly description?: string;
}

/** The initial admin from the configuration. */
export interface ConfiguredAdmin {
  readonly email: string;
  /** Used only when the account is created; random by default. */
  readonly password?: string;
  readonly name?: string;
  readonly surname?: string;
}

/** The initial admin. A generated password must be shown once: only its hash is stored. */
export interface BootstrappedAdmin {
  readonly email: string;
  readonly generatedPassword: string | null;
  /** True when the account already existed with a password other than the configured one. */
  readonly passwordIgnored: boolean;
}

/** Operations reserved for admins, and creation of the initial admin. */
export class AdminService {
  readonly #unitOfWork: UnitOfWork;
  readonly #passwords: PasswordHasher;

  constructor(unitOfWork: UnitOfWork, passwords: PasswordHasher) {
    this.#unitOfWork = unitOfWork;
    this.#passwords = passwords;
  }

  /**
   * Adds credits to a user's balance with one ledger row.
   * @throws AppError NOT_FOUND for an unknown e-mail, INVALID_AMOUNT.
   */
  recharge(
    admin: Pick<Principal, 'email'>,
    { email, credits, description = `Recharge by ${admin.email}` }: Recharge,
    kept?: OutcomeRecord<MicroCredits>,
  ) {
    const amount = fromCredits(credits);
    return this.#unitOfWork.run(async (scope) => {
      const user = await scope.users.findByEmail(email);
      if (!user) throw notFound('User', email);
      const entry = await scope.ledger.append({
        userId: user.id,
        kind: 'recharge',
        amount,
        delta: amount,
        description,
      });
      // The row is already locked, so throwing here rolls the change back.
      requireHoldable(entry.balanceAfter);
      await kept?.record(scope, entry.balanceAfter);
      return entry.balanceAfter;
    });
  }

  /**
   * Makes sure that an admin with this e-mail exists. An existing account becomes an admin, keeps its
   * password, and takes the configured name if it has none. A new account gets the given password, or a
   * random one that is returned so that it can be printed once.
   */
  async bootstrap(configured: ConfiguredAdmin): Promise<BootstrappedAdmin> {
    const existing = await this.#unitOfWork.read.users.findByEmail(configured.email);
    return existing ? this.#promote(existing, configured) : this.#createAdmin(configured);
  }

  async #promote(user: User, { password, name, surname }: ConfiguredAdmin): Promise<BootstrappedAdmin> {
    // Only missing values are filled in; values that the user changed are kept.
    const missing = {
      ...(user.name === null && name !== undefined && { name }),
      ...(user.surname === null && surname !== undefined && { surname }),
    };
    await this.#unitOfWork.run(async ({ users }) => {
      if (user.role !== 'admin') await users.setRole(user.id, 'admin');
      if (Object.keys(missing).length > 0) await users.update(user.id, missing);
    });
    const ignored = password !== undefined && !(await this.#passwords.matches(password, user.passwordHash));
    return { email: user.email, generatedPassword: null, passwordIgnored: ignored };
  }

  async #createAdmin({ email, password, name, surname }: ConfiguredAdmin): Promise<BootstrappedAdmin> {
    const generatedPassword = password === undefined ? generatePassword() : null;
    const chosen = password ?? generatedPassword ?? '';
    requireUsablePassword(chosen);
    const passwordHash = await this.#passwords.hash(chosen);
    const admin = await this.#unitOfWork.run((scope) =>
      createAccount(scope, { email, passwordHash, role: 'admin', name, surname }),
    );
    return { email: admin.email, generatedPassword, passwordIgnored: false };
  }
}

export function generatePassword(): string {
  return randomBytes(GENERATED_PASSWORD_BYTES).toString('base64url');
}
