import type { NewUserSession, PasswordReset, RenewedToken, UserSession } from '../user-session.js';

/** Sessions of people, and links to set a password. */
export interface UserSessionRepository {
  /**
   * Adds a session; removes sessions of the user that have expired or ended, and the least recently used ones beyond
   * `keep`.
   */
  create(session: NewUserSession, keep: number): Promise<UserSession>;
  /** Locks the row until the transaction ends; null when there is none. */
  lock(id: string): Promise<UserSession | null>;
  /** Sessions of the user's current token version that have not expired, most recently used first. */
  listByUser(user: { readonly id: string; readonly tokenVersion: number }): Promise<readonly UserSession[]>;
  /** Replaces the refresh token and records the use. */
  renew(id: string, token: RenewedToken): Promise<void>;
  /** False when the user has no such session. */
  remove(session: Pick<UserSession, 'id' | 'userId'>): Promise<boolean>;
  /** Removes all sessions of a user, except one. @returns their number */
  removeOthers(userId: string, except: string | null): Promise<number>;
  /** Replaces the user's link. */
  putReset(reset: PasswordReset): Promise<void>;
  /** Removes and returns a link, so that it is used once; null when there is none. */
  takeReset(id: string): Promise<PasswordReset | null>;
}
