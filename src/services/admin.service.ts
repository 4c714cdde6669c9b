import { randomBytes } from 'node:crypto';
import { fromCredits, requireHoldable, type MicroCredits } from '../domain/money.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { STARTING_BALANCE, type Principal, type User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';

const GENERATED_PASSWORD_BYTES = 15;

/** A recharge by an admin. */
export interface Recharge {
  readonly email: string;
  /** Credits, at most six decimals. */
  readonly credits: number;
  /** What the ledger says of it; who recharged when left out. */
  readonly description?: string;
}

/** The admin that the configuration asks for. */
export interface ConfiguredAdmin {
  readonly email: string;
  /** Of a new account only; a random one when left out. */
  readonly password?: string;
  readonly name?: string;
  readonly surname?: string;
}

/** The first admin, and a password that has to be shown once because it is stored only as a hash. */
export interface BootstrappedAdmin {
  readonly email: string;
  readonly generatedPassword: string | null;
  /** The account was there before and has another password than the configured one. */
  readonly passwordIgnored: boolean;
}

/** What only admins do, and how the first one comes to be. */
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
      // The row is locked by now; what throws here takes its change back.
      requireHoldable(entry.balanceAfter);
      await kept?.record(scope, entry.balanceAfter);
      return entry.balanceAfter;
    });
  }

  /**
   * Makes sure that an admin with this e-mail exists. An existing account becomes admin, takes the configured name if
   * it has none, and keeps its password; a new one gets the given password, or a random one that is returned to be printed once.
   */
  async bootstrap(configured: ConfiguredAdmin): Promise<BootstrappedAdmin> {
    const existing = await this.#unitOfWork.read.users.findByEmail(configured.email);
    return existing ? this.#promote(existing, configured) : this.#createAdmin(configured);
  }

  async #promote(user: User, { password, name, surname }: ConfiguredAdmin): Promise<BootstrappedAdmin> {
    // Changed values are kept; only missing ones are filled in.
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
    const admin = await this.#unitOfWork.run(async ({ users, ledger }) => {
      const user = await users.create({ email, passwordHash, role: 'admin', name, surname });
      await ledger.append({
        userId: user.id,
        kind: 'grant',
        amount: STARTING_BALANCE,
        delta: STARTING_BALANCE,
        description: 'Starting balance',
      });
      return user;
    });
    return { email: admin.email, generatedPassword, passwordIgnored: false };
  }
}

/** A random password. */
export function generatePassword(): string {
  return randomBytes(GENERATED_PASSWORD_BYTES).toString('base64url');
}
