import { randomBytes } from 'node:crypto';
import { fromCredits, type MicroCredits } from '../domain/money.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories.js';
import { STARTING_BALANCE, type Principal } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';

const GENERATED_PASSWORD_BYTES = 15;

/** Runs in the transaction of the work, just before it commits; may throw to undo it. */
export type BeforeCommit<Outcome> = (scope: TransactionScope, outcome: Outcome) => Promise<void>;

/** A recharge by an admin. */
export interface Recharge {
  readonly email: string;
  /** Credits, at most six decimals. */
  readonly credits: number;
  /** What the ledger says of it; who recharged when left out. */
  readonly description?: string;
}

/** The first admin, and a password that has to be shown once because nobody else knows it. */
export interface BootstrappedAdmin {
  readonly email: string;
  readonly generatedPassword: string | null;
}

/** What only admins do, and how the first one comes to be. */
export class AdminService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly passwords: PasswordHasher,
  ) {}

  /**
   * Adds credits to a user's balance with one ledger row.
   * @throws AppError NOT_FOUND for an unknown e-mail, INVALID_AMOUNT.
   */
  recharge(
    admin: Principal,
    { email, credits, description = `Recharge by ${admin.email}` }: Recharge,
    beforeCommit?: BeforeCommit<MicroCredits>,
  ) {
    const amount = fromCredits(credits);
    return this.unitOfWork.run(async (scope) => {
      const user = await scope.users.findByEmail(email);
      if (!user) throw notFound('User', email);
      const entry = await scope.ledger.append({
        userId: user.id,
        kind: 'recharge',
        amount,
        delta: amount,
        description,
      });
      await beforeCommit?.(scope, entry.balanceAfter);
      return entry.balanceAfter;
    });
  }

  /**
   * Makes sure that an admin with this e-mail exists. An existing account becomes admin and keeps its
   * password; a new one gets the given password, or a random one that is returned to be printed once.
   */
  async bootstrap(email: string, password?: string): Promise<BootstrappedAdmin> {
    const wanted = email.trim().toLowerCase();
    const existing = await this.unitOfWork.read.users.findByEmail(wanted);
    if (existing) {
      if (existing.role !== 'admin')
        await this.unitOfWork.run(({ users }) => users.setRole(existing.id, 'admin'));
      return { email: wanted, generatedPassword: null };
    }
    const generated =
      password === undefined ? randomBytes(GENERATED_PASSWORD_BYTES).toString('base64url') : null;
    const chosen = password ?? generated ?? '';
    requireUsablePassword(chosen);
    const passwordHash = await this.passwords.hash(chosen);
    await this.unitOfWork.run(async ({ users, ledger }) => {
      const admin = await users.create({ email: wanted, passwordHash, role: 'admin' });
      await ledger.append({
        userId: admin.id,
        kind: 'grant',
        amount: STARTING_BALANCE,
        delta: STARTING_BALANCE,
        description: 'Starting balance',
      });
    });
    return { email: wanted, generatedPassword: generated };
  }
}
