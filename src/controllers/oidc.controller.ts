import type { Request, Response } from 'express';
import {
  ADMIN_PATH,
  OIDC_CALLBACK_PATH,
  OIDC_PATH,
  OIDC_START_PATH,
  SIGN_IN_PAGE_PATH,
} from '../domain/api-paths.js';
import { AppError } from '../errors/app-error.js';
import { forbidden } from '../errors/common-errors.js';
import type { Call } from '../middlewares/endpoint.js';
import { toProblem } from '../middlewares/problem.js';
import { HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { oidcOperations } from '../schemas/oidc.schema.js';
import type { OidcAccount } from '../services/oidc-accounts.service.js';
import { FLOW_SECONDS } from '../services/oidc-flow.js';
import { oidcDisabled, type OidcService } from '../services/oidc.service.js';
import type { TokenService } from '../services/token.service.js';
import type { IssuedTokens } from '../services/user-session.service.js';
import { setAdminCookie } from './admin-cookie.js';
import { cookieOf, prefersPage, sendPage } from './browser-pages.js';
import { clientOf } from './client-info.js';
import { oidcSignInPage, SIGN_IN_SCRIPT } from './oidc-sign-in.page.js';
import type { PublicLinks } from './public-links.js';

type Operations = typeof oidcOperations;
type Answer = Promise<Reply | typeof HANDLED>;

/** Binds the answer of the provider to the browser that started the sign-in. Sent by navigations from the provider. */
const FLOW_COOKIE = 'infernode_oidc';
/** Binds the code of a finished sign-in to the browser; sent by pages of this server only. */
const CODE_COOKIE = 'infernode_sign_in';
/** Kinds of errors that the page shows. */
const SHOWN: ReadonlySet<AppError['kind']> = new Set(['forbidden', 'rate_limited', 'unavailable']);

/** Dependencies of {@link OidcController}. */
export interface OidcControllerDeps {
  /** Null when no provider is configured. */
  readonly oidc: { readonly service: OidcService; readonly buttonName: string } | null;
  readonly tokens: Pick<TokenService, 'issue' | 'lifetime'>;
  readonly links: Pick<PublicLinks, 'urlOf'>;
}

/** HTTP handlers of the sign-in by OpenID Connect. */
export class OidcController {
  readonly #deps: OidcControllerDeps;

  constructor(deps: OidcControllerDeps) {
    this.#deps = deps;
  }

  readonly info = async (): Promise<Reply> => {
    const { oidc } = this.#deps;
    const enabled = oidc !== null;
    return ok({
      enabled,
      buttonName: oidc?.buttonName ?? null,
      startPath: enabled ? OIDC_START_PATH : null,
    });
  };

  readonly start = ({ query, request, response }: Call<Operations['start']>): Answer =>
    this.#orPage({ request, response }, async () => {
      const { url, cookie } = await this.#service().start(query.returnTo, this.#callbackUrl(request));
      this.#setCookie(FLOW_COOKIE, cookie, { request, response });
      return redirect(url);
    });

  readonly callback = ({ request, response }: Call<Operations['callback']>): Answer =>
    this.#orPage({ request, response }, async () => {
      const service = this.#service();
      const flow = service.flowOf(cookieOf(request, FLOW_COOKIE));
      response.clearCookie(FLOW_COOKIE, { path: OIDC_PATH, httpOnly: true, sameSite: 'lax' });
      const query = new URL(request.originalUrl, 'http://server.invalid').search;
      const currentUrl = `${this.#callbackUrl(request)}${query}`;
      const account = await service.finish(flow, currentUrl, clientOf(request).address);
      return this.#returnTo(flow.returnTo, account, { request, response });
    });

  readonly token = async ({ body, request, response }: Call<Operations['token']>): Promise<Reply> => {
    const issued = { code: body.code, binding: cookieOf(request, CODE_COOKIE) ?? '' };
    return this.#signedIn(await this.#service().exchange(issued, clientOf(request)), response);
  };

  readonly link = async ({ body, request, response }: Call<Operations['link']>): Promise<Reply> => {
    const issued = { code: body.code, binding: cookieOf(request, CODE_COOKIE) ?? '' };
    return this.#signedIn(await this.#service().link(issued, body.password, clientOf(request)), response);
  };

  readonly signOut = ({ request, response }: Call<Operations['signOut']>): Answer =>
    this.#orPage({ request, response }, async () => {
      const returnUrl = this.#deps.links.urlOf(SIGN_IN_PAGE_PATH, request);
      return redirect((await this.#service().signOutUrl(returnUrl)) ?? SIGN_IN_PAGE_PATH);
    });

  readonly page = async ({ response }: Call<Operations['page']>): Promise<typeof HANDLED> =>
    sendPage(response, 200, oidcSignInPage({ buttonName: this.#configured().buttonName }));

  readonly script = async ({ response }: Call<Operations['script']>): Promise<typeof HANDLED> => {
    response.set('Cache-Control', 'no-cache').type('text/javascript').send(SIGN_IN_SCRIPT);
    return HANDLED;
  };

  #configured(): NonNullable<OidcControllerDeps['oidc']> {
    const { oidc } = this.#deps;
    if (oidc === null) throw oidcDisabled();
    return oidc;
  }

  #service(): OidcService {
    return this.#configured().service;
  }

  #callbackUrl(request: Request): string {
    return this.#deps.links.urlOf(OIDC_CALLBACK_PATH, request);
  }

  /** Admins who return to the administration get its cookie; pages get a code, which no other browser can use. */
  async #returnTo(path: string, account: OidcAccount, http: Http): Promise<Reply> {
    const needsPassword = account.link !== null;
    if (isAdministration(path) && !needsPassword) {
      if (account.user.role !== 'admin') throw forbidden();
      await setAdminCookie(account.user, this.#deps.tokens, http);
      return redirect(path);
    }
    const { code, binding } = await this.#service().issueCode(account);
    this.#setCookie(CODE_COOKIE, binding, http);
    return needsPassword
      ? redirect(
          `${SIGN_IN_PAGE_PATH}#${String(new URLSearchParams({ 'link-code': code, 'return-to': path }))}`,
        )
      : redirect(`${path}#sign-in-code=${code}`);
  }

  #setCookie(
    name: typeof FLOW_COOKIE | typeof CODE_COOKIE,
    value: string,
    { request, response }: Http,
  ): void {
    response.cookie(name, value, {
      httpOnly: true,
      sameSite: name === FLOW_COOKIE ? 'lax' : 'strict',
      secure: this.#callbackUrl(request).startsWith('https:'),
      path: OIDC_PATH,
      maxAge: FLOW_SECONDS * 1000,
    });
  }

  #signedIn(issued: IssuedTokens, response: Response): Reply {
    response.clearCookie(CODE_COOKIE, { path: OIDC_PATH, httpOnly: true, sameSite: 'strict' });
    return ok({ message: 'Login successful', tokenType: 'Bearer', ...issued });
  }

  /** Shows errors on the sign-in page to clients that prefer HTML. */
  async #orPage({ request, response }: Http, work: () => Promise<Reply>): Answer {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError) || !SHOWN.has(error.kind) || !prefersPage(request)) throw error;
      const { status, headers } = toProblem(error, { id: '', path: request.path });
      const page = oidcSignInPage({ buttonName: this.#configured().buttonName, problem: error.message });
      return sendPage(response.set(headers), status, page);
    }
  }
}

interface Http {
  readonly request: Request;
  readonly response: Response;
}

const redirect = (url: string): Reply => ({ status: 303, headers: { Location: url } });

const isAdministration = (path: string): boolean => path.startsWith(`${ADMIN_PATH}/`);
