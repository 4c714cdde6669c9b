import { randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { IdentityProvider, SignInCode } from '../domain/identity.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { ClientInfo } from '../domain/user-session.js';
import { AppError } from '../errors/app-error.js';
import { accountDisabled } from '../errors/common-errors.js';
import type { WrongSecretCounts } from './auth-login-attempts.js';
import type { AuthService } from './auth.service.js';
import type { OidcAccount, OidcAccounts } from './oidc-accounts.service.js';
import { newFlow, type SignInFlow, type SignInFlows } from './oidc-flow.js';
import { digestOfSecret, generateSecret, idOfSecret, sameDigest } from './secret-text.js';
import type { IssuedTokens, UserSessionService } from './user-session.service.js';

/** Time in which a page exchanges its code. */
const CODE_MS = 60_000;
/** Time in which a person types the password of the account to link. */
const LINK_MS = 600_000;

/** A one-time code and the secret of the browser that may use it. */
export interface IssuedCode {
  readonly code: string;
  /** Kept in a cookie, so that the code alone is worth nothing. */
  readonly binding: string;
}

/** Dependencies of {@link OidcService}. */
export interface OidcServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly provider: IdentityProvider;
  readonly accounts: OidcAccounts;
  readonly flows: SignInFlows;
  readonly auth: Pick<AuthService, 'signIn'>;
  readonly sessions: Pick<UserSessionService, 'open'>;
  readonly attempts: WrongSecretCounts;
  readonly now?: () => Date;
}

/** Sign-in by OpenID Connect: the authorisation code flow with PKCE, and one-time codes for the page after it. */
export class OidcService {
  readonly #deps: OidcServiceDeps;
  readonly #now: () => Date;

  constructor(deps: OidcServiceDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => new Date());
  }

  /**
   * Starts a sign-in. @returns the URL of the provider and the text of the cookie @throws AppError OIDC_UNAVAILABLE
   */
  async start(
    returnTo: string,
    redirectUri: string,
  ): Promise<{ readonly url: string; readonly cookie: string }> {
    const flow = newFlow(returnTo);
    const url = await this.#deps.provider.authorizationUrl(flow, redirectUri);
    return { url, cookie: this.#deps.flows.seal(flow) };
  }

  /** The sign-in that a browser has started. @throws AppError OIDC_SIGN_IN_INVALID */
  flowOf(cookie: string | null): SignInFlow {
    return this.#deps.flows.open(cookie);
  }

  /**
   * Finishes a sign-in with the answer of the provider. Invalid answers count like wrong API keys; beyond their limit the
   * provider is not asked.
   * @throws AppError OIDC_SIGN_IN_INVALID, OIDC_REFUSED, OIDC_UNAVAILABLE, TOO_MANY_ATTEMPTS, and those of
   *   {@link OidcAccounts.resolve}
   */
  async finish(flow: SignInFlow, currentUrl: string, address: string): Promise<OidcAccount> {
    const { attempts, provider, accounts } = this.#deps;
    await attempts.requireRoomAt(address);
    try {
      const identity = await provider.identify(currentUrl, flow);
      return await accounts.resolve(identity, address);
    } catch (error) {
      if (error instanceof AppError && error.code === 'OIDC_SIGN_IN_INVALID')
        await attempts.countWrongSecret(address);
      throw error;
    }
  }

  /** A code for the page that the browser returns to. */
  async issueCode({ user, link }: OidcAccount): Promise<IssuedCode> {
    const id = uuid();
    const code = generateSecret('infc_', id);
    const binding = randomBytes(32).toString('base64url');
    const expiresAt = new Date(this.#now().getTime() + (link === null ? CODE_MS : LINK_MS));
    const sha256 = digestOfSecret(code + binding);
    await this.#deps.unitOfWork.run(({ identities }) =>
      identities.putCode({ id, userId: user.id, sha256, link, expiresAt }),
    );
    return { code, binding };
  }

  /** Exchanges a code for tokens. @throws AppError INVALID_SIGN_IN_CODE, ACCOUNT_DISABLED, TOO_MANY_ATTEMPTS */
  async exchange(issued: IssuedCode, client: ClientInfo): Promise<IssuedTokens> {
    const { id, userId } = await this.#find(issued, client, ({ link }) => link === null);
    const user = await this.#deps.unitOfWork.run(async ({ identities, users }) => {
      if ((await identities.takeCode(id)) === null) throw invalidCode();
      return users.findById(userId);
    });
    if (user === null) throw invalidCode();
    if (user.disabledAt !== null) throw accountDisabled();
    return this.#deps.sessions.open(user, client);
  }

  /**
   * Links the account of a code with its password, and signs in. A wrong password leaves the code as it is.
   * @throws AppError INVALID_SIGN_IN_CODE, INVALID_CREDENTIALS, ACCOUNT_DISABLED, IDENTITY_TAKEN, TOO_MANY_ATTEMPTS
   */
  async link(issued: IssuedCode, password: string, client: ClientInfo): Promise<IssuedTokens> {
    const { unitOfWork, auth, accounts, sessions } = this.#deps;
    const { id, userId } = await this.#find(issued, client, ({ link }) => link !== null);
    const account = await unitOfWork.read.users.findById(userId);
    if (account === null) throw invalidCode();
    const { tokenVersion } = await auth.signIn({ email: account.email, password }, client.address);
    const user = await unitOfWork.run(async (scope) => {
      const link = (await scope.identities.takeCode(id))?.link ?? null;
      await scope.users.lock(userId);
      const current = await scope.users.findById(userId);
      // The password was changed while it was checked.
      if (link === null || current?.tokenVersion !== tokenVersion) throw invalidCode();
      return accounts.link(scope, current, link);
    });
    return sessions.open(user, client);
  }

  /** Where a browser signs out of the provider; null when it has no such page. */
  signOutUrl(returnUrl: string): Promise<string | null> {
    return this.#deps.provider.signOutUrl(returnUrl);
  }

  async #find(
    { code, binding }: IssuedCode,
    { address }: ClientInfo,
    fits: (found: SignInCode) => boolean,
  ): Promise<SignInCode> {
    const { attempts, unitOfWork } = this.#deps;
    const id = idOfSecret('infc_', code);
    const found = id === null ? null : await unitOfWork.read.identities.findCode(id);
    const isRight = found !== null && sameDigest(found.sha256, digestOfSecret(code + binding));
    if (isRight && found.expiresAt > this.#now() && fits(found)) return found;
    await attempts.countWrongSecret(address);
    throw invalidCode();
  }
}

const invalidCode = (): AppError =>
  new AppError('INVALID_SIGN_IN_CODE', {
    message: 'The code is unknown, was used, has expired, or belongs to another browser: sign in again.',
  });

/** Error for routes of a sign-in that is not configured. */
export const oidcDisabled = (): AppError =>
  new AppError('NOT_FOUND', { message: 'Sign-in by OpenID Connect is not configured on this server.' });
