import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose';

/** What the provider answers with; each test changes one thing. */
export interface Forgery {
  /** Claims over those of a right answer; undefined removes one. */
  claims: JWTPayload;
  /** `other` is a key that the provider has not published. */
  signedBy: 'own' | 'other' | 'nobody';
  metadata: Readonly<Record<string, unknown>>;
  userinfo: Readonly<Record<string, unknown>>;
  /** Answer of the metadata; the default is the metadata themselves. */
  discovery: 'right' | 'error' | 'silent' | 'endless';
}

/** An OpenID provider on the loopback that answers the token request as a test says. */
export interface ForgingProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Nonce of the ID tokens. */
  nonce: string;
  forgery: Partial<Forgery>;
  /** Paths that were asked for. */
  readonly requests: string[];
  close(): Promise<void>;
}

const CLIENT_ID = 'client';

/** Starts a provider whose answers are right unless told otherwise. */
export async function startForgingProvider(): Promise<ForgingProvider> {
  const [own, other] = [await keyPair(), await keyPair()];
  const state = { nonce: '', forgery: {} as Partial<Forgery>, requests: [] as string[] };
  const idToken = async (issuer: string): Promise<string> => {
    const { claims = {}, signedBy = 'own' } = state.forgery;
    const now = Math.floor(Date.now() / 1000);
    const right = { iss: issuer, sub: 'ada', aud: CLIENT_ID, iat: now, exp: now + 60, nonce: state.nonce };
    const payload = Object.fromEntries(
      Object.entries({ ...right, email: 'ada@example.com', email_verified: true, ...claims }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    if (signedBy === 'nobody') return new UnsecuredJWT(payload).encode();
    const { privateKey } = signedBy === 'own' ? own : other;
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    state.requests.push(path);
    const send = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const { discovery = 'right', metadata = {}, userinfo = { sub: 'ada' } } = state.forgery;
    const answers: Record<string, () => unknown> = {
      '/.well-known/openid-configuration': () => {
        if (discovery === 'error') return send({}, 500);
        if (discovery === 'right') return send({ ...metadataOf(issuer), ...metadata });
        if (discovery === 'silent') return undefined;
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write(' '.repeat(65_536)), 1);
        return response.once('close', () => clearInterval(timer));
      },
      '/jwks': () => send({ keys: [own.jwk] }),
      '/token': () =>
        idToken(issuer).then((token) =>
          send({ access_token: 'token', token_type: 'Bearer', id_token: token }),
        ),
      '/userinfo': () => send(userinfo),
    };
    void answers[path]?.();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return Object.assign(state, {
    issuer,
    clientId: CLIENT_ID,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

async function keyPair(): Promise<{ privateKey: CryptoKey; jwk: Record<string, unknown> }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig' } };
}

const metadataOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256', 'none'],
});
