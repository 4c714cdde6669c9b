import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { canonicalPassword } from '../domain/canonical-text.js';
import { STARTING_BALANCE, type Principal, type User } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { tokenProblem } from '../errors/common-errors.js';
import { requireUsablePassword, type CheckOptions, type PasswordHasher } from './auth-password.js';
import type { LoginAttempt, LoginAttempts } from './auth-login-attempts.js';
import type { TokenKind, TokenService } from './token.service.js';
import { UserLookup } from './user-lookup.js';

/** E-mail (lower case) and password. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** What a new account is made of. */
export interface Registration extends Credentials {
  readonly name?: string;
  readonly surname?: string;
}

/** A caller whose token was checked, with the time at which it ends. */
export interface Session {
  readonly principal: Principal;
  readonly expiresAt: Date;
}

/** What the auth service is made of. */
export interface AuthServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly passwords: PasswordHasher;
  readonly attempts: LoginAttempts;
  readonly tokens: TokenService;
}

const emailTaken = (): AppError =>
  new AppError('EMAIL_TAKEN', { message: 'A user with this e-mail address exists already.' });

function accountDisabled(): AppError {
  return new AppError('ACCOUNT_DISABLED', {
    message: 'This account is disabled; an administrator can enable it again.',
  });
}

function toPrincipal(user: User): Principal {
  return { userId: user.id, email: user.email, role: user.role, balance: user.balance };
}

/** Accounts: register, sign in, and who a token belongs to. */
export class AuthService {
  readonly #lookup: UserLookup;

  readonly #deps: AuthServiceDeps;

  constructor(deps: AuthServiceDeps) {
    this.#deps = deps;

    this.#lookup = new UserLookup(deps.unitOfWork.read.users);
  }

  /**
   * Registers a user with the starting balance, which is the first row of the ledger.
   * @throws AppError EMAIL_TAKEN, PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT, BUSY.
   */
  async register({ email, password, name, surname }: Registration, address: string): Promise<User> {
    requireUsablePassword(password);
    // Hashing is dear: what can be refused without it is refused before it.
    if (await this.#deps.unitOfWork.read.users.findByEmail(email)) throw emailTaken();
    const passwordHash = await this.#deps.passwords.hash(password, address);
    return this.#deps.unitOfWork.run(async ({ users, ledger }) => {
      const user = await users.create({ email, passwordHash, role: 'user', name, surname });
      const grant = await ledger.append({
        userId: user.id,
        kind: 'grant',
        amount: STARTING_BALANCE,
        delta: STARTING_BALANCE,
        description: 'Starting balance',
      });
      return { ...user, balance: grant.balanceAfter };
    });
  }

  /**
   * Checks a password. Unknown e-mail and wrong password get the same response in the same time.
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
    // Only a client that knows the password is told that the account is disabled.
    if (user && right && user.disabledAt !== null) throw accountDisabled();
    if (user && right) {
      await this.#renewHash(user, password);
      return user;
    }
    throw new AppError('INVALID_CREDENTIALS', { message: 'E-mail or password is wrong.' });
  }

  /** An earlier version hashed passwords as they were typed: from now on the account has the canonical form. */
  async #renewHash({ id, passwordHash: from }: User, password: string): Promise<void> {
    const { passwords, unitOfWork } = this.#deps;
    if (canonicalPassword(password) === password || !(await passwords.isOutdated(password, from))) return;
    const to = await passwords.hash(password, id);
    await unitOfWork.read.users.replaceHash(id, { from, to });
  }

  /** Runs a check and counts it only when it says that the password is wrong: our own failures lock nobody out. */
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

  /** Signs in and issues an access token with its lifetime in seconds. */
  async login(
    credentials: Credentials,
    address: string,
  ): Promise<{ token: string; expiresIn: number; user: User }> {
    const user = await this.signIn(credentials, address);
    const { tokens } = this.#deps;
    return { token: await tokens.issue(user), expiresIn: tokens.lifetime('access'), user };
  }

  /**
   * Who an access token belongs to, by the user's row of this moment.
   * @throws AppError INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED.
   */
  async authenticate(token: string): Promise<Principal> {
    return (await this.session(token)).principal;
  }

  /** Like {@link authenticate}, with the end of the token. */
  async session(token: string, kind: TokenKind = 'access'): Promise<Session> {
    const claims = await this.#deps.tokens.verify(token, kind);
    const user = await this.#lookup.find(claims.userId);
    if (!user || user.disabledAt !== null || user.tokenVersion !== claims.tokenVersion)
      throw tokenProblem('TOKEN_REVOKED');
    const { sessions } = this.#deps.unitOfWork.read;
    if (claims.tokenId !== null && (await sessions.isRevoked(claims.tokenId)))
      throw tokenProblem('TOKEN_REVOKED');
    return { principal: toPrincipal(user), expiresAt: claims.expiresAt };
  }

  /** Ends a browser session on the server: its token is worthless afterwards. May be repeated. @throws AppError INVALID_TOKEN. */
  async endSession(token: string): Promise<void> {
    const { tokenId, expiresAt } = await this.#deps.tokens.verify(token, 'adminSession');
    if (tokenId !== null) await this.#deps.unitOfWork.read.sessions.revoke(tokenId, expiresAt);
  }
}
