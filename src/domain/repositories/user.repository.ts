import type { Counted, Slice, UserFilter } from '../listing.js';
import type { Role, SessionUser, User } from '../user.js';

/** Users by id or canonical e-mail address. */
export interface UserRepository {
  /** @throws AppError EMAIL_TAKEN (conflict) when the e-mail exists. */
  create(user: {
    email: string;
    passwordHash: string;
    role: Role;
    name?: string;
    surname?: string;
  }): Promise<User>;
  findById(id: string): Promise<User | null>;
  /** Existing users with these ids, in any order. */
  findByIds(ids: readonly string[]): Promise<readonly User[]>;
  /** Existing users of sessions that have not been ended, in any order. */
  findBySessions(sessionIds: readonly string[]): Promise<readonly SessionUser[]>;
  findByEmail(email: string): Promise<User | null>;
  /**
   * Locks the row until the transaction ends.
   * @throws AppError NOT_FOUND
   */
  lock(id: string): Promise<void>;
  /** Locks the admins that can sign in until the transaction ends, so that the last one stays. @returns their ids */
  lockAdmins(): Promise<readonly string[]>;
  setRole(id: string, role: Role): Promise<void>;
  /** Revokes all tokens, and the link to set a password. @throws AppError NOT_FOUND */
  setPassword(id: string, passwordHash: string): Promise<void>;
  /** Replaces the hash of an unchanged password, for example with a new cost factor; tokens stay valid. */
  replaceHash(id: string, hashes: { readonly from: string; readonly to: string }): Promise<void>;
  /**
   * Enables or disables an account; disabling revokes all tokens. No effect when the account already has this state.
   */
  setDisabled(id: string, disabled: boolean): Promise<void>;
  /** Accounts, newest first. */
  page(filter: UserFilter, slice: Slice): Promise<Counted<User>>;
  /**
   * Updates the given fields.
   * @throws AppError EMAIL_TAKEN (conflict), NOT_FOUND
   */
  update(id: string, changes: { name?: string; surname?: string; email?: string }): Promise<User>;
  /** Removes all personal data from the row, frees the e-mail address and revokes all tokens; ledger rows stay. */
  remove(id: string): Promise<void>;
}
