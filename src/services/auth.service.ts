import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { canonicalPassword } from '../domain/canonical-text.js';
import type { Session } from '../domain/credential.js';
import type { ClientInfo } from '../domain/user-session.js';
import type { CheckedUser, Principal, SessionUser, User } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { accountDisabled, tokenProblem } from '../errors/common-errors.js';
import { requireUsablePassword, type CheckOptions, type PasswordHasher } from './auth-password.js';
import type { LoginAttempt, LoginAttempts } from './auth-login-attempts.js';
import type { TokenClaims, TokenKind, TokenService } from './token.service.js';
import type { IssuedTokens, UserSessionService } from './user-session.service.js';
import { BatchLookup } from './batch-lookup.js';
import { createAccount } from './create-account.js';

/** E-mail (lower case) and password. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Data of a new account. */
export interface Registration extends Credentials {
  readonly name?: string;
  readonly surname?: string;
}

/** Dependencies of {@link AuthService}. */
export interface AuthServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly passwords: PasswordHasher;
  readonly attempts: LoginAttempts;
  readonly tokens: Pick<TokenService, 'verify'>;
  readonly sessions: Pick<UserSessionService, 'open'>;
}

const emailTaken = (): AppError =>
  new AppError('EMAIL_TAKEN', { message: 'A user with this e-mail address already exists.' });

function toPrincipal(user: CheckedUser): Principal {
  return { userId: user.id, email: user.email, role: user.role, balance: user.balance };
}

/** Accounts and sessions: registration, sign-in and authentication by token. */
export class AuthService {
  readonly #users: BatchLookup<User>;
  readonly #sessions: BatchLookup<SessionUser>;

  readonly #deps: AuthServiceDeps;

  constructor(deps: AuthServiceDeps) {
    this.#deps = deps;

    const { users } = deps.unitOfWork.read;
    this.#users = new BatchLookup((ids) => users.findByIds(ids));
    this.#sessions = new BatchLookup((ids) => users.findBySessions(ids));
  }

  /**
   * Registers a user with the starting balance, recorded as the first ledger row.
   * @throws AppError EMAIL_TAKEN, PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT, BUSY.
   */
  async register({ email, password, name, surname }: Registration, address: string): Promise<User> {
    requireUsablePassword(password);
    // Hashing is expensive, so requests that can be rejected without it are rejected first.
    if (await this.#deps.unitOfWork.read.users.findByEmail(email)) throw emailTaken();
    const passwordHash = await this.#deps.passwords.hash(password, address);
    return this.#deps.unitOfWork.run((scope) =>
      createAccount(scope, { email, passwordHash, role: 'user', name, surname }),
    );
  }

  /**
   * Checks a password. An unknown e-mail and a wrong password get the same response in the same time.
   * @throws AppError INVALID_CREDENTIALS, ACCOUNT_DISABLED, TOO_MANY_ATTEMPTS, BUSY.
   */
  async signIn({ email, password }: Credentials, address: string): Promise<User> {
    const { attempts, passwords, unitOfWork } = this.#deps;
    await attempts.requireRoom(email, address);
    const user = await unitOfWork.read.users.findByEmail(email);
    const right = await this.#counted({ email, address }, (options) =>
      user
        ? passwords.matches(password, user.passwordHash, options)
        : passwords.matchesNobody(password, options),
    );
    // That an account is disabled is revealed only to a client that knows the password.
    if (user && right && user.disabledAt !== null) throw accountDisabled();
    if (user && right) {
      await this.#renewHash(user, password);
      return user;
    }
    throw new AppError('INVALID_CREDENTIALS', { message: 'E-mail or password is wrong.' });
  }

  /**
   * Replaces a hash of the password as typed, written by an earlier version, by one of the canonical form.
   */
  async #renewHash({ id, passwordHash: from }: User, password: string): Promise<void> {
    const { passwords, unitOfWork } = this.#deps;
    if (canonicalPassword(password) === password || !(await passwords.isOutdated(password, from))) return;
    const to = await passwords.hash(password, id);
    await unitOfWork.read.users.replaceHash(id, { from, to });
  }

  /**
   * Runs a password check and counts it only when the password is wrong, so that internal failures lock
   * nobody out.
   */
  async #counted(
    { email, address }: { readonly email: string; readonly address: string },
    check: (options: CheckOptions) => Promise<boolean>,
  ): Promise<boolean> {
    const started: { attempt?: LoginAttempt } = {};
    const onTurn = async (): Promise<void> => {
      started.attempt = await this.#deps.attempts.begin(email, address);
    };
    try {
      const right = await check({ key: address, onTurn });
      if (right) await started.attempt?.right();
      else await started.attempt?.wrong();
      return right;
    } catch (error) {
      started.attempt?.unknown();
      throw error;
    }
  }

  /** Signs in and opens a session. */
  async login(credentials: Credentials, client: ClientInfo): Promise<IssuedTokens & { readonly user: User }> {
    const user = await this.signIn(credentials, client.address);
    return { ...(await this.#deps.sessions.open(user, client)), user };
  }

  /**
   * The owner of a token, read from the user's current row, and the expiry of the token.
   * @throws AppError INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED.
   */
  async session(token: string, kind: TokenKind = 'access'): Promise<Session> {
    const claims = await this.#deps.tokens.verify(token, kind);
    const { sessionId } = claims;
    const user = await this.#userOf(claims);
    if (user?.id !== claims.userId || user.disabledAt !== null || user.tokenVersion !== claims.tokenVersion)
      throw tokenProblem('TOKEN_REVOKED');
    const { sessions } = this.#deps.unitOfWork.read;
    if (claims.tokenId !== null && (await sessions.isRevoked(claims.tokenId)))
      throw tokenProblem('TOKEN_REVOKED');
    const principal = { ...toPrincipal(user), ...(sessionId !== null && { sessionId }) };
    return { principal, expiresAt: claims.expiresAt };
  }

  /** The user of a token, read in one statement with the session; null when either has ended. */
  async #userOf({
    sessionId,
    userId,
  }: Pick<TokenClaims, 'sessionId' | 'userId'>): Promise<CheckedUser | null> {
    if (sessionId === null) return this.#users.find(userId);
    return (await this.#sessions.find(sessionId))?.user ?? null;
  }

  /** Ends a browser session by revoking its token. Idempotent. @throws AppError INVALID_TOKEN. */
  async endSession(token: string): Promise<void> {
    const { tokenId, expiresAt } = await this.#deps.tokens.verify(token, 'adminSession');
    if (tokenId !== null) await this.#deps.unitOfWork.read.sessions.revoke(tokenId, expiresAt);
  }
}
