import type { KeyGrant } from './api-key.js';
import type { MicroCredits } from './money.js';

/** Role of a user; admins have all rights of users. */
export type Role = 'user' | 'admin';

/** A registered user. The password hash is only used by repositories and the auth service. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly name: string | null;
  readonly surname: string | null;
  readonly role: Role;
  /** Incremented to revoke all tokens issued before (password change, demotion, disabling). */
  readonly tokenVersion: number;
  readonly balance: MicroCredits;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the account was deleted; deleted users are only found through the ledger. */
  readonly deletedAt: Date | null;
  /** When an admin disabled the account; it cannot sign in and has no valid tokens. */
  readonly disabledAt: Date | null;
}

/** The part of a user that a credential is checked against. */
export type CheckedUser = Pick<User, 'id' | 'email' | 'role' | 'tokenVersion' | 'balance' | 'disabledAt'>;

/** The user of a session. */
export interface SessionUser {
  /** Id of the session. */
  readonly id: string;
  readonly user: CheckedUser;
}

/** The caller: claims of the credential, checked against the user's row. */
export interface Principal {
  readonly userId: string;
  readonly email: string;
  /** For an API key without the scope `admin`, `user` whatever the user is. */
  readonly role: Role;
  /** The session of the access token; undefined for API keys and for tokens of earlier versions. */
  readonly sessionId?: string;
  /** The API key of the request; undefined for access tokens. */
  readonly apiKey?: KeyGrant;
  /** Balance when the row was read; charging reads it again. */
  readonly balance?: MicroCredits;
}

/** Initial credits of a new user. */
export const STARTING_BALANCE: MicroCredits = 100_000_000n;
