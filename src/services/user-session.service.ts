import { v7 as uuid } from 'uuid';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { ClientInfo, UserSession } from '../domain/user-session.js';
import type { Principal, User } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import type { Logger } from '../logging/logger.js';
import type { WrongSecretCounts } from './auth-login-attempts.js';
import { digestOfSecret, familyOfSecret, generateSecret, idOfSecret, sameDigest } from './secret-text.js';
import type { TokenService } from './token.service.js';

/** Sessions of a user beyond this number end, the least recently used ones first. */
const MAX_SESSIONS = 1000;
const USER_AGENT_MAX = 200;
const ADDRESS_MAX = 64;

/** What a client gets at sign-in and at each refresh. */
export interface IssuedTokens {
  /** Access token. */
  readonly token: string;
  /** Lifetime of the access token in seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
  /** Lifetime of the refresh token in seconds. */
  readonly refreshExpiresIn: number;
}

/** Dependencies of {@link UserSessionService}. */
export interface UserSessionServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly tokens: Pick<TokenService, 'issue' | 'lifetime'>;
  readonly attempts: WrongSecretCounts;
  readonly log: Pick<Logger, 'warn'>;
  /** Lifetime of a refresh token in seconds; each refresh starts it again. */
  readonly refreshSeconds: number;
  readonly now?: () => Date;
}

/** Outcome of a refresh, decided in its transaction, which must commit also when the session ends. */
type Refreshed =
  | { readonly user: User; readonly session: UserSession; readonly refreshToken: string }
  | { readonly problem: 'INVALID_REFRESH_TOKEN' | 'REFRESH_TOKEN_REUSED'; readonly session?: UserSession };

/** Sessions of people: opened at sign-in, continued by refresh tokens, ended by sign-out or an administrator. */
export class UserSessionService {
  readonly #deps: UserSessionServiceDeps;
  readonly #now: () => Date;

  constructor(deps: UserSessionServiceDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => new Date());
  }

  /** Opens a session for a user whose password was checked. */
  async open(user: User, { address, userAgent }: ClientInfo): Promise<IssuedTokens> {
    const id = uuid();
    const refreshToken = generateSecret('infr_', id);
    await this.#deps.unitOfWork.run(({ userSessions }) =>
      userSessions.create(
        {
          id,
          userId: user.id,
          tokenVersion: user.tokenVersion,
          refreshSha256: digestOfSecret(refreshToken),
          familySha256: digestOfFamily(id, refreshToken),
          address: address.slice(0, ADDRESS_MAX),
          userAgent: userAgent?.slice(0, USER_AGENT_MAX) ?? null,
          expiresAt: this.#expiry(),
        },
        MAX_SESSIONS,
      ),
    );
    return this.#issue(user, id, refreshToken);
  }

  /**
   * Exchanges a refresh token for new tokens. A refresh token works once: a second use means that it was copied, and
   * ends the session.
   * @throws AppError INVALID_REFRESH_TOKEN, REFRESH_TOKEN_REUSED, TOO_MANY_ATTEMPTS.
   */
  async refresh(refreshToken: string, { address }: Pick<ClientInfo, 'address'>): Promise<IssuedTokens> {
    const { attempts, unitOfWork, log } = this.#deps;
    const id = idOfSecret('infr_', refreshToken);
    const refreshed: Refreshed =
      id === null
        ? { problem: 'INVALID_REFRESH_TOKEN' }
        : await unitOfWork.run((scope) => this.#rotate(scope, id, refreshToken));
    if (!('problem' in refreshed)) {
      const { user, session } = refreshed;
      return this.#issue(user, session.id, refreshed.refreshToken);
    }
    const { problem, session } = refreshed;
    if (session === undefined) await attempts.countWrongSecret(address);
    if (problem === 'REFRESH_TOKEN_REUSED')
      log.warn('A refresh token was used twice; its session has ended.', {
        userId: session?.userId,
        sessionId: session?.id,
      });
    throw refreshProblem(problem);
  }

  /** The caller's sessions, most recently used first. */
  async list({ userId }: Principal): Promise<readonly UserSession[]> {
    const { users, userSessions } = this.#deps.unitOfWork.read;
    const user = await users.findById(userId);
    if (!user) throw notFound('User', userId);
    return userSessions.listByUser(user);
  }

  /** Ends a session of the caller; its tokens and open connections end with it. @throws AppError NOT_FOUND */
  async end({ userId }: Principal, id: string): Promise<void> {
    if (!(await this.#deps.unitOfWork.read.userSessions.remove({ id, userId })))
      throw notFound('Session', id);
  }

  /** Ends all sessions of the caller but the one of the request. @returns their number */
  endOthers({ userId, sessionId }: Principal): Promise<number> {
    return this.#deps.unitOfWork.read.userSessions.removeOthers(userId, sessionId ?? null);
  }

  /** Signs out. @throws AppError SESSION_UNKNOWN for a token that belongs to no session. */
  async signOut({ userId, sessionId }: Principal): Promise<void> {
    if (sessionId === undefined)
      throw new AppError('SESSION_UNKNOWN', {
        message: 'This access token belongs to no session and cannot be signed out; it ends by its expiry.',
      });
    await this.#deps.unitOfWork.read.userSessions.remove({ id: sessionId, userId });
  }

  async #rotate({ users, userSessions }: TransactionScope, id: string, given: string): Promise<Refreshed> {
    const session = await userSessions.lock(id);
    if (!session) return { problem: 'INVALID_REFRESH_TOKEN' };
    if (!sameDigest(session.refreshSha256, digestOfSecret(given))) {
      // The id of a session alone must not be enough to end it.
      const wasIssued = sameDigest(session.familySha256 ?? Buffer.alloc(0), digestOfFamily(id, given));
      if (!wasIssued) return { problem: 'INVALID_REFRESH_TOKEN' };
      await userSessions.remove(session);
      return { problem: 'REFRESH_TOKEN_REUSED', session };
    }
    const user = await users.findById(session.userId);
    const isOpen = session.expiresAt > this.#now() && user?.tokenVersion === session.tokenVersion;
    if (!user || user.disabledAt !== null || !isOpen) {
      await userSessions.remove(session);
      return { problem: 'INVALID_REFRESH_TOKEN', session };
    }
    const refreshToken = generateSecret('infr_', id, familyOfSecret('infr_', given));
    await userSessions.renew(id, {
      refreshSha256: digestOfSecret(refreshToken),
      familySha256: digestOfFamily(id, refreshToken),
      expiresAt: this.#expiry(),
    });
    return { user, session, refreshToken };
  }

  /** A session lasts at least as long as its access tokens. */
  #lifetime(): number {
    return Math.max(this.#deps.refreshSeconds, this.#deps.tokens.lifetime('access'));
  }

  #expiry(): Date {
    return new Date(this.#now().getTime() + this.#lifetime() * 1000);
  }

  async #issue(user: User, sessionId: string, refreshToken: string): Promise<IssuedTokens> {
    const { tokens } = this.#deps;
    return {
      token: await tokens.issue(user, { sessionId }),
      expiresIn: tokens.lifetime('access'),
      refreshToken,
      refreshExpiresIn: this.#lifetime(),
    };
  }
}

const digestOfFamily = (id: string, refreshToken: string): Buffer =>
  digestOfSecret(`${id} ${familyOfSecret('infr_', refreshToken)}`);

const REFRESH_PROBLEMS = {
  INVALID_REFRESH_TOKEN:
    'The refresh token is malformed or unknown, or its session has ended: sign in again.',
  REFRESH_TOKEN_REUSED: 'The refresh token was used before, so its session has ended: sign in again.',
} as const;

const refreshProblem = (code: keyof typeof REFRESH_PROBLEMS): AppError =>
  new AppError(code, { message: REFRESH_PROBLEMS[code] });
