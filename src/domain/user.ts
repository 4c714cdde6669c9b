import type { MicroCredits } from './money.js';

/** What a user may do; an admin may do all that a user may. */
export type Role = 'user' | 'admin';

/** A registered user. The password hash never leaves repositories and the auth service. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly name: string | null;
  readonly surname: string | null;
  readonly role: Role;
  /** Raised to revoke all tokens that were issued before (password change, demotion, disabling). */
  readonly tokenVersion: number;
  readonly balance: MicroCredits;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the account was deleted; only the ledger still finds such users. */
  readonly deletedAt: Date | null;
  /** When an admin disabled the account; it cannot sign in and has no valid token. */
  readonly disabledAt: Date | null;
}

/** Who is calling: what the access token proved, checked against the user's row. */
export interface Principal {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  /** What the account had when its row was looked at; a charge looks again. */
  readonly balance?: MicroCredits;
}

/** Credits that a new user starts with. */
export const STARTING_BALANCE: MicroCredits = 100_000_000n;
