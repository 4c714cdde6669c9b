import { v7 as uuid } from 'uuid';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { ClientInfo } from '../domain/user-session.js';
import type { Principal, User } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { notFound, validationFailed } from '../errors/common-errors.js';
import type { WrongSecretCounts } from './auth-login-attempts.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';
import type { AuthService } from './auth.service.js';
import { digestOfSecret, generateSecret, idOfSecret, sameDigest } from './secret-text.js';
import type { IssuedTokens, UserSessionService } from './user-session.service.js';

/** Lifetime of a link to set a password. */
const RESET_MS = 24 * 3600 * 1000;

/** A change of the own password. */
export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/** A one-time secret that sets a password; it is shown once. */
export interface IssuedReset {
  readonly user: User;
  readonly token: string;
  readonly expiresAt: Date;
}

/** Dependencies of {@link PasswordService}. */
export interface PasswordServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly passwords: Pick<PasswordHasher, 'hash'>;
  readonly auth: Pick<AuthService, 'signIn'>;
  readonly sessions: Pick<UserSessionService, 'open'>;
  readonly attempts: WrongSecretCounts;
  readonly now?: () => Date;
}

/** Changes and resets of passwords. A new password ends all sessions of the account. */
export class PasswordService {
  readonly #deps: PasswordServiceDeps;
  readonly #now: () => Date;

  constructor(deps: PasswordServiceDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => new Date());
  }

  /**
   * Changes the caller's password. All sessions end; the caller gets a new one.
   * @throws AppError INVALID_CREDENTIALS for a wrong current password, TOO_MANY_ATTEMPTS, VALIDATION for the same
   *   password, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, BUSY.
   */
  async change(
    { userId, email }: Principal,
    { currentPassword, newPassword }: PasswordChange,
    client: ClientInfo,
  ): Promise<IssuedTokens> {
    requireUsablePassword(newPassword, '/newPassword');
    await this.#deps.auth.signIn({ email, password: currentPassword }, client.address);
    if (newPassword === currentPassword)
      throw validationFailed([
        { pointer: '/newPassword', message: 'is the current password', code: 'INVALID' },
      ]);
    return this.#deps.sessions.open(await this.#set(userId, newPassword), client);
  }

  /** Creates a link for a user and invalidates the earlier one. @throws AppError NOT_FOUND */
  async createReset(userId: string): Promise<IssuedReset> {
    const id = uuid();
    const token = generateSecret('infp_', id);
    const expiresAt = new Date(this.#now().getTime() + RESET_MS);
    return this.#deps.unitOfWork.run(async ({ users, userSessions }) => {
      const user = await users.findById(userId);
      if (!user) throw notFound('User', userId);
      await userSessions.putReset({ id, userId, sha256: digestOfSecret(token), expiresAt });
      return { user, token, expiresAt };
    });
  }

  /**
   * Sets a password with a link, which works once.
   * @throws AppError INVALID_RESET_LINK, TOO_MANY_ATTEMPTS, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, BUSY.
   */
  async reset(token: string, password: string, address: string): Promise<void> {
    const { passwords, unitOfWork } = this.#deps;
    const id = idOfSecret('infp_', token);
    if (id === null) throw await this.#wrongLink(address);
    // An unusable password does not use up the link.
    requireUsablePassword(password);
    const passwordHash = await passwords.hash(password, address);
    const isDone = await unitOfWork.run(async ({ users, userSessions }) => {
      const reset = await userSessions.takeReset(id);
      const isRight = reset !== null && sameDigest(reset.sha256, digestOfSecret(token));
      if (!isRight || reset.expiresAt <= this.#now()) return false;
      await users.setPassword(reset.userId, passwordHash);
      await userSessions.removeOthers(reset.userId, null);
      return true;
    });
    if (!isDone) throw await this.#wrongLink(address);
  }

  async #wrongLink(address: string): Promise<AppError> {
    await this.#deps.attempts.countWrongSecret(address);
    const message = 'The link is malformed or unknown, was used, or has expired: ask for another one.';
    return new AppError('INVALID_RESET_LINK', { message });
  }

  async #set(userId: string, password: string): Promise<User> {
    const passwordHash = await this.#deps.passwords.hash(password, userId);
    return this.#deps.unitOfWork.run(async ({ users, userSessions }) => {
      await users.setPassword(userId, passwordHash);
      await userSessions.removeOthers(userId, null);
      const user = await users.findById(userId);
      if (!user) throw notFound('User', userId);
      return user;
    });
  }
}
