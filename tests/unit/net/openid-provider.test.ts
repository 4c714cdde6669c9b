import type { IdentityProvider, SignInChecks } from '../../../src/domain/identity.js';
import { OpenIdProvider } from '../../../src/net/openid-provider.js';
import {
  startForgingProvider,
  type Forgery,
  type ForgingProvider,
} from '../../fakes/forging-openid-provider.js';

/** The verifier of RFC 7636, appendix B. */
const CHECKS: SignInChecks = {
  state: 'the state',
  nonce: 'the nonce',
  codeVerifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
};
const CALLBACK = 'http://127.0.0.1:3000/api/auth/oidc/callback';
const RETURN = `${CALLBACK}?code=c&state=the%20state`;
const seconds = (ago: number): number => Math.floor(Date.now() / 1000) - ago;

describe('OpenID provider', () => {
  let server: ForgingProvider;
  let failures: unknown[];
  let provider: IdentityProvider;

  const open = (more: { issuer?: string; timeoutSeconds?: number } = {}) =>
    new OpenIdProvider({
      issuer: server.issuer,
      clientId: server.clientId,
      clientSecret: 'secret',
      scope: 'openid email',
      onUnavailable: (error) => void failures.push(error),
      ...more,
    });

  beforeAll(async () => {
    server = await startForgingProvider();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    Object.assign(server, { nonce: CHECKS.nonce, forgery: {} });
    server.requests.length = 0;
    failures = [];
    provider = open();
  });

  it('is asked with PKCE, state and nonce', async () => {
    const url = new URL(await provider.authorizationUrl(CHECKS, CALLBACK));
    expect(url.origin).toBe(server.issuer);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: server.clientId,
      redirect_uri: CALLBACK,
      scope: 'openid email',
      state: 'the state',
      nonce: 'the nonce',
      code_challenge_method: 'S256',
    });
    expect(url.searchParams.get('code_challenge')).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
  });

  it('names a person by issuer and subject, with the claims of ID token and userinfo', async () => {
    server.forgery = {
      claims: { email: undefined, email_verified: undefined },
      userinfo: { sub: 'ada', email: 'ada@example.com', email_verified: true, given_name: 'Ada' },
    };
    expect(await provider.identify(RETURN, CHECKS)).toMatchObject({
      issuer: server.issuer,
      subject: 'ada',
      email: 'ada@example.com',
      isEmailVerified: true,
      name: 'Ada',
    });
  });

  it.each<[string, Partial<Forgery>]>([
    ['without signature', { signedBy: 'nobody' }],
    ['signed by another key', { signedBy: 'other' }],
    ['of another issuer', { claims: { iss: 'https://attacker.example' } }],
    ['for another client', { claims: { aud: 'another client' } }],
    ['that has expired', { claims: { exp: seconds(120) } }],
    ['of the future', { claims: { nbf: seconds(-3600) } }],
    ['of another sign-in', { claims: { nonce: 'another nonce' } }],
    ['without nonce', { claims: { nonce: undefined } }],
    ['without subject', { claims: { sub: undefined } }],
    ['with userinfo of another person', { userinfo: { sub: 'eve', email: 'ada@example.com' } }],
  ])('is refused with an ID token %s', async (_name, forgery) => {
    server.forgery = forgery;
    await expect(provider.identify(RETURN, CHECKS)).rejects.toMatchObject({ code: 'OIDC_SIGN_IN_INVALID' });
  });

  it.each([
    ['another state', `${CALLBACK}?code=c&state=another`],
    ['no state', `${CALLBACK}?code=c`],
    ['no code', `${CALLBACK}?state=the%20state`],
    ['two states', `${RETURN}&state=another`],
    ['another issuer', `${RETURN}&iss=https%3A%2F%2Fattacker.example`],
  ])('is not asked for tokens when the answer has %s', async (_name, url) => {
    await expect(provider.identify(url, CHECKS)).rejects.toMatchObject({ code: 'OIDC_SIGN_IN_INVALID' });
    expect(server.requests).not.toContain('/token');
  });

  it('that refuses is named, but its text is not repeated', async () => {
    const url = `${CALLBACK}?error=access_denied&error_description=%3Cb%3E&state=the%20state`;
    const failure = provider.identify(url, CHECKS);
    await expect(failure).rejects.toMatchObject({ code: 'OIDC_REFUSED' });
    await expect(failure).rejects.toThrow('The identity provider refused the sign-in: access_denied.');
    const odd = provider.identify(`${CALLBACK}?error=%3Cscript%3E&state=the%20state`, CHECKS);
    await expect(odd).rejects.toThrow('an unknown error');
  });

  it.each<[string, Partial<Forgery>]>([
    ['fails', { discovery: 'error' }],
    ['does not answer', { discovery: 'silent' }],
    ['sends without end', { discovery: 'endless' }],
    ['says it is another issuer', { metadata: { issuer: 'https://attacker.example' } }],
    ['has no page for the sign-in', { metadata: { authorization_endpoint: undefined } }],
    ['has a script as page', { metadata: { authorization_endpoint: 'javascript:alert(1)' } }],
    ['has no keys', { metadata: { jwks_uri: undefined } }],
    ['has no tokens', { metadata: { token_endpoint: 'token' } }],
    ['has a script to sign out', { metadata: { end_session_endpoint: 'javascript:alert(1)' } }],
    ['has an endpoint that is no text', { metadata: { userinfo_endpoint: 5 } }],
  ])('that %s is unavailable, and used as soon as it is not', async (_name, forgery) => {
    server.forgery = forgery;
    provider = open({ timeoutSeconds: forgery.discovery === 'silent' ? 1 : 5 });
    const attempts = [
      provider.authorizationUrl(CHECKS, CALLBACK),
      provider.authorizationUrl(CHECKS, CALLBACK),
    ];
    for (const attempt of attempts)
      await expect(attempt).rejects.toMatchObject({ code: 'OIDC_UNAVAILABLE', retryAfterSeconds: 10 });
    // Requests at the same time share one attempt.
    expect(server.requests).toHaveLength(1);
    expect(failures).not.toEqual([]);
    server.forgery = {};
    expect(await open().authorizationUrl(CHECKS, CALLBACK)).toContain(server.issuer);
    expect(await provider.authorizationUrl(CHECKS, CALLBACK)).toContain(server.issuer);
  });

  it('that cannot be reached is unavailable', async () => {
    const nobody = open({ issuer: 'http://127.0.0.1:9' });
    await expect(nobody.authorizationUrl(CHECKS, CALLBACK)).rejects.toMatchObject({
      code: 'OIDC_UNAVAILABLE',
    });
  });
});
