import * as oidc from 'openid-client';
import type { IdentityProvider, ProviderIdentity, SignInChecks } from '../domain/identity.js';
import { AppError } from '../errors/app-error.js';
import { boundedFetch } from './bounded-fetch.js';

/** Options of {@link OpenIdProvider}. */
export interface OpenIdProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Without one, the client is a public one and PKCE alone protects the code. */
  readonly clientSecret?: string;
  /** Scopes separated by spaces. */
  readonly scope: string;
  /** Receives why the provider could not be used. */
  onUnavailable(error: unknown): void;
  /** Time of each request to the provider. */
  readonly timeoutSeconds?: number;
}

const TIMEOUT_SECONDS = 5;
const CLOCK_TOLERANCE_SECONDS = 30;
/** Codes of the library for answers that are no valid sign-in; all other failures are those of the provider. */
const INVALID_CODES: ReadonlySet<string> = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
  'OAUTH_PARSE_ERROR',
]);
const SHOWN_ERROR = /^[\w.-]{1,64}$/;

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/**
 * The OpenID provider of the operator. Its metadata is read at first use and kept; a failed attempt is repeated at the
 * next use.
 */
export class OpenIdProvider implements IdentityProvider {
  readonly #options: OpenIdProviderOptions;
  #known: Promise<oidc.Configuration> | null = null;

  constructor(options: OpenIdProviderOptions) {
    this.#options = options;
  }

  async authorizationUrl({ state, nonce, codeVerifier }: SignInChecks, redirectUri: string): Promise<string> {
    // First, so that sign-ins at the same time share one attempt.
    const configuration = await this.#configuration();
    const parameters = {
      redirect_uri: redirectUri,
      scope: this.#options.scope,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    };
    return oidc.buildAuthorizationUrl(configuration, parameters).href;
  }

  async identify(currentUrl: string, checks: SignInChecks): Promise<ProviderIdentity> {
    const configuration = await this.#configuration();
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, new URL(currentUrl), {
        expectedState: checks.state,
        expectedNonce: checks.nonce,
        pkceCodeVerifier: checks.codeVerifier,
        idTokenExpected: true,
      });
      const own = tokens.claims();
      if (own === undefined) throw invalidSignIn();
      const { userinfo_endpoint: endpoint } = configuration.serverMetadata();
      const more =
        endpoint === undefined ? {} : await oidc.fetchUserInfo(configuration, tokens.access_token, own.sub);
      return identityOf({ ...more, ...own }, own);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  async signOutUrl(returnUrl: string): Promise<string | null> {
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
    return oidc.buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnUrl }).href;
  }

  /** Requests share one attempt. @throws AppError OIDC_UNAVAILABLE */
  async #configuration(): Promise<oidc.Configuration> {
    this.#known ??= this.#discover();
    const attempt = this.#known;
    try {
      return await attempt;
    } catch (error) {
      if (this.#known === attempt) this.#known = null;
      throw this.#unavailable(error);
    }
  }

  async #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret, timeoutSeconds = TIMEOUT_SECONDS } = this.#options;
    const server = new URL(issuer);
    // Signatures of ID tokens are verified in addition to the connection that they came by.
    const execute = [oidc.enableNonRepudiationChecks];
    // The configuration allows this on the loopback only.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked only to stand out
    if (server.protocol === 'http:') execute.push(oidc.allowInsecureRequests);
    const client = { [oidc.clockTolerance]: CLOCK_TOLERANCE_SECONDS };
    const configuration = await oidc.discovery(server, clientId, client, authenticationOf(clientSecret), {
      execute,
      timeout: timeoutSeconds,
      [oidc.customFetch]: boundedFetch,
    });
    requireEndpoints(configuration.serverMetadata(), server.protocol);
    return configuration;
  }

  #translated(error: unknown): AppError {
    if (error instanceof AppError) return error;
    if (error instanceof oidc.AuthorizationResponseError) {
      const reason = SHOWN_ERROR.test(error.error) ? error.error : 'an unknown error';
      const message = `The identity provider refused the sign-in: ${reason}.`;
      return new AppError('OIDC_REFUSED', { message, cause: error });
    }
    const isInvalid =
      error instanceof oidc.ResponseBodyError ? error.error === 'invalid_grant' : isInvalidAnswer(error);
    return isInvalid ? invalidSignIn(error) : this.#unavailable(error);
  }

  #unavailable(error: unknown): AppError {
    this.#options.onUnavailable(error);
    return new AppError('OIDC_UNAVAILABLE', {
      message: `The identity provider ${new URL(this.#options.issuer).host} cannot be used at the moment.`,
      retryAfterSeconds: 10,
      cause: error,
    });
  }
}

/** Endpoints of the provider, by whether a sign-in needs them. */
const ENDPOINTS = {
  authorization_endpoint: true,
  token_endpoint: true,
  jwks_uri: true,
  userinfo_endpoint: false,
  end_session_endpoint: false,
} as const;

/** Metadata is kept, so it is checked once: the library reports wrong endpoints only when they are used. */
function requireEndpoints(metadata: oidc.ServerMetadata, issuerProtocol: string): void {
  for (const [name, isNeeded] of Object.entries(ENDPOINTS)) {
    const value = metadata[name];
    if (value === undefined && !isNeeded) continue;
    const protocol = typeof value === 'string' && URL.canParse(value) ? new URL(value).protocol : '';
    if (protocol !== 'https:' && protocol !== issuerProtocol)
      throw new Error(`The provider's metadata has no usable ${name}: ${String(value).slice(0, 200)}`);
  }
}

const isInvalidAnswer = (error: unknown): boolean =>
  error instanceof oidc.ClientError && INVALID_CODES.has(error.code ?? '');

function invalidSignIn(cause?: unknown): AppError {
  return new AppError('OIDC_SIGN_IN_INVALID', {
    message: 'The answer of the identity provider does not belong to this sign-in, was used, or has expired.',
    cause,
  });
}

/** The method that the provider supports; `client_secret_basic` is the default of OpenID Connect. */
function authenticationOf(secret: string | undefined): oidc.ClientAuth {
  if (secret === undefined) return oidc.None();
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  // eslint-disable-next-line max-params -- the signature of the library
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const usesPost = !methods.includes('client_secret_basic') && methods.includes('client_secret_post');
    (usesPost ? post : basic)(server, client, body, headers);
  };
}

function identityOf(
  claims: Readonly<Record<string, unknown>>,
  { iss, sub }: { readonly iss: string; readonly sub: string },
): ProviderIdentity {
  return {
    issuer: iss,
    subject: sub,
    email: text(claims.email),
    isEmailVerified: claims.email_verified === true,
    name: text(claims.given_name) ?? undefined,
    surname: text(claims.family_name) ?? undefined,
    claims,
  };
}
