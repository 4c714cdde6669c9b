import type { UnitOfWork } from '../domain/repositories.js';
import { STARTING_BALANCE, type Principal, type User } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { invalidToken } from '../errors/common-errors.js';
import { requireUsablePassword, type PasswordHasher } from './auth-password.js';
import type { LoginAttempts } from './auth-login-attempts.js';
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

function toPrincipal(user: User): Principal {
  return { userId: user.id, email: user.email, role: user.role, balance: user.balance };
}

/** Accounts: register, sign in, and who a token belongs to. */
export class AuthService {
  readonly #lookup: UserLookup;

  constructor(private readonly deps: AuthServiceDeps) {
    this.#lookup = new UserLookup(deps.unitOfWork.read.users);
  }

  /**
   * Registers a user with the starting balance, which is the first row of the ledger.
   * @throws AppError EMAIL_TAKEN, PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT.
   */
  async register({ email, password, name, surname }: Registration): Promise<User> {
    requireUsablePassword(password);
    const passwordHash = await this.deps.passwords.hash(password);
    return this.deps.unitOfWork.run(async ({ users, ledger }) => {
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
   * Checks a password. Unknown e-mail and wrong password cannot be told apart, by answer or by time.
   * @throws AppError INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS.
   */
  async signIn({ email, password }: Credentials, address: string): Promise<User> {
    const { attempts, passwords, unitOfWork } = this.deps;
    await attempts.begin(email, address);
    const user = await unitOfWork.read.users.findByEmail(email);
    const right = user
      ? await passwords.matches(password, user.passwordHash)
      : await passwords.matchesNobody(password);
    if (!user || !right) {
      throw new AppError({
        code: 'INVALID_CREDENTIALS',
        kind: 'unauthenticated',
        message: 'E-mail or password is wrong.',
      });
    }
    await attempts.succeeded(email);
    return user;
  }

  /** Signs in and issues an access token with its lifetime in seconds. */
  async login(
    credentials: Credentials,
    address: string,
  ): Promise<{ token: string; expiresIn: number; user: User }> {
    const user = await this.signIn(credentials, address);
    const { tokens } = this.deps;
    return { token: await tokens.issue(user), expiresIn: tokens.lifetime('access'), user };
  }

  /** Who an access token belongs to, by the user's row of this moment. @throws AppError INVALID_TOKEN. */
  async authenticate(token: string): Promise<Principal> {
    return (await this.session(token)).principal;
  }

  /** Like {@link authenticate}, with the end of the token. */
  async session(token: string, kind: TokenKind = 'access'): Promise<Session> {
    const claims = await this.deps.tokens.verify(token, kind);
    const user = await this.#lookup.find(claims.userId);
    if (!user || user.tokenVersion !== claims.tokenVersion) throw invalidToken();
    return { principal: toPrincipal(user), expiresAt: claims.expiresAt };
  }
}
