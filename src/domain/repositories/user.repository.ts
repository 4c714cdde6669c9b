import type { Counted, Slice, UserFilter } from '../listing.js';
import type { Role, User } from '../user.js';

/** Users by id or e-mail (lower-cased). */
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
  /** Those of different ids that there are, in any order. */
  findByIds(ids: readonly string[]): Promise<readonly User[]>;
  findByEmail(email: string): Promise<User | null>;
  /** Locks the row against changes and other locks until the transaction ends. @throws AppError NOT_FOUND. */
  lock(id: string): Promise<void>;
  setRole(id: string, role: Role): Promise<void>;
  setPassword(id: string, passwordHash: string): Promise<void>;
  /** Hashes the same password in another way; tokens stay valid. */
  replaceHash(id: string, hashes: { readonly from: string; readonly to: string }): Promise<void>;
  /** Disabling revokes all tokens; nothing changes when the account is so already. */
  setDisabled(id: string, disabled: boolean): Promise<void>;
  /** Accounts, newest first. */
  page(filter: UserFilter, slice: Slice): Promise<Counted<User>>;
  /** Changes what is given. @throws AppError EMAIL_TAKEN (conflict), NOT_FOUND. */
  update(id: string, changes: { name?: string; surname?: string; email?: string }): Promise<User>;
  /** Takes everything personal out of the row, frees the e-mail and revokes all tokens; ledger rows stay. */
  remove(id: string): Promise<void>;
}
