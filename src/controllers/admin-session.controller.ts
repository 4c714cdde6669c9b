import type { Request, RequestHandler, Response } from 'express';
import { ADMIN_PATH, QUEUE_BOARD_PATH, SIGN_IN_PATH } from '../domain/api-paths.js';
import { canonicalEmail } from '../domain/canonical-text.js';
import { readCredential, type Authenticator } from '../domain/credential.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { forbidden } from '../errors/common-errors.js';
import { authenticateRequest } from '../middlewares/authenticate.js';
import type { Call } from '../middlewares/endpoint.js';
import { toProblem } from '../middlewares/problem.js';
import type { HANDLED } from '../middlewares/reply.js';
import { type Reply } from '../middlewares/reply.js';
import type { adminSessionOperations } from '../schemas/admin-session.schema.js';
import type { AuthService, Credentials } from '../services/auth.service.js';
import type { TokenService } from '../services/token.service.js';
import { ADMIN_COOKIE, setAdminCookie } from './admin-cookie.js';
import { signInPage, type SignInNotice } from './admin-session.page.js';
import { cookieOf, prefersPage, sendPage } from './browser-pages.js';

type Operations = typeof adminSessionOperations;

const SAFE_METHODS = new Set(['GET', 'HEAD']);

/** Dependencies of {@link AdminSessionController}. */
export interface AdminSessionDeps {
  readonly auth: Pick<AuthService, 'signIn' | 'session' | 'endSession'>;
  readonly authenticator: Authenticator;
  readonly tokens: Pick<TokenService, 'issue' | 'lifetime'>;
  /** Name of the button for OpenID Connect; null without it. */
  readonly oidcButton: string | null;
}

/** Rejects form submissions from other sites (CSRF). @throws AppError CROSS_SITE. */
function requireSameSite(request: Request): void {
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  const sameOrigin = origin === undefined || originHost(origin) === request.get('host');
  if (sameOrigin && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new AppError('CROSS_SITE', { message: 'This form came from another site.' });
}

function ignoreUnauthenticated(error: unknown): void {
  if (!(error instanceof AppError) || error.kind !== 'unauthenticated') throw error;
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** The notice that the page shows for a rejected sign-in; null for errors without one. */
function noticeOf({ code, kind }: AppError): SignInNotice | null {
  if (code === 'ACCOUNT_DISABLED') return 'disabled';
  if (kind === 'unauthenticated') return 'wrong';
  return kind === 'rate_limited' || kind === 'unavailable' ? 'busy' : null;
}

const notAnAdmin = (): AppError =>
  new AppError('INVALID_CREDENTIALS', {
    message: 'E-mail or password is wrong, or the account is no admin.',
  });

/** Sign-in to the queue board for browsers, and the guard of the board. */
export class AdminSessionController {
  readonly #deps: AdminSessionDeps;

  constructor(deps: AdminSessionDeps) {
    this.#deps = deps;
  }

  readonly page = async ({ response, request }: Call<Operations['page']>): Promise<typeof HANDLED> =>
    this.#sendPage(response, 200, request.query['signed-out'] === undefined ? 'none' : 'signed-out');

  readonly signIn = async ({
    body,
    request,
    response,
  }: Call<Operations['signIn']>): Promise<Reply | typeof HANDLED> => {
    requireSameSite(request);
    try {
      return await this.#openSession({ ...body, email: canonicalEmail(body.email) }, request, response);
    } catch (error) {
      const notice = error instanceof AppError && prefersPage(request) ? noticeOf(error) : null;
      if (notice === null) throw error;
      const { status, headers } = toProblem(error, { id: '', path: request.path });
      return this.#sendPage(response.set(headers), status, notice);
    }
  };

  #sendPage(response: Response, status: number, notice: SignInNotice): typeof HANDLED {
    return sendPage(response, status, signInPage(notice, this.#deps.oidcButton));
  }

  async #openSession(credentials: Credentials, request: Request, response: Response): Promise<Reply> {
    const user = await this.#deps.auth.signIn(credentials, request.ip ?? 'unknown');
    if (user.role !== 'admin') throw notAnAdmin();
    await setAdminCookie(user, this.#deps.tokens, { request, response });
    return { status: 303, headers: { Location: QUEUE_BOARD_PATH } };
  }

  readonly signOut = async ({ request, response }: Call<Operations['signOut']>): Promise<Reply> => {
    requireSameSite(request);
    const cookie = cookieOf(request, ADMIN_COOKIE);
    // An invalid cookie needs no sign-out.
    if (cookie !== null) await this.#deps.auth.endSession(cookie).catch(ignoreUnauthenticated);
    response.clearCookie(ADMIN_COOKIE, { httpOnly: true, sameSite: 'strict', path: ADMIN_PATH });
    return { status: 303, headers: { Location: `${SIGN_IN_PATH}?signed-out` } };
  };

  /** Admits admins by access token, API key or cookie; redirects browsers to the sign-in page. */
  readonly guard: RequestHandler = async (request, response, next) => {
    const admin = await this.#identify(request);
    if (admin?.role === 'admin') return next();
    const wantsPage = SAFE_METHODS.has(request.method) && request.accepts(['json', 'html']) === 'html';
    if (readCredential(request) === null && wantsPage) return response.redirect(303, SIGN_IN_PATH);
    throw forbidden();
  };

  async #identify(request: Request): Promise<Principal | null> {
    if (readCredential(request) !== null) {
      const { authenticator } = this.#deps;
      return (await authenticateRequest(request, authenticator, { access: 'admin', scope: 'admin' }))
        .principal;
    }
    const cookie = cookieOf(request, ADMIN_COOKIE);
    if (cookie === null) return null;
    // Browsers send the cookie with requests from any site, so state-changing requests must come from our own
    // page.
    if (!SAFE_METHODS.has(request.method)) requireSameSite(request);
    try {
      return (await this.#deps.auth.session(cookie, 'adminSession')).principal;
    } catch (error) {
      ignoreUnauthenticated(error);
      return null;
    }
  }
}
