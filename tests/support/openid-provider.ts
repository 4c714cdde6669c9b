import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import type { AccountClaims } from 'oidc-provider';

const CLIENT_ID = 'infernode';
const CLIENT_SECRET = 'a secret of the client, shared with the provider';

/** A real OpenID provider on the loopback; people sign in with any password. */
export interface TestOpenIdProvider {
  readonly issuer: string;
  /** Claims of people by login, which is their subject as well. */
  readonly people: Map<string, Omit<AccountClaims, 'sub'>>;
  /** Environment of a server whose people sign in here. */
  readonly settings: NodeJS.ProcessEnv;
  /** Registers the server at `url` as client, and starts to answer. */
  serve(url: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a port; the provider answers once {@link TestOpenIdProvider.serve} was called. */
export async function startOpenIdProvider(): Promise<TestOpenIdProvider> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const people: TestOpenIdProvider['people'] = new Map();
  return {
    issuer,
    people,
    settings: {
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: CLIENT_ID,
      OIDC_CLIENT_SECRET: CLIENT_SECRET,
      OIDC_SCOPES: 'openid email profile roles',
    },
    serve: async (url) => {
      const { privateKey } = await generateKeyPair('RS256', { extractable: true });
      const key = await exportJWK(privateKey);
      const { Provider } = await quietly(() => import('oidc-provider'));
      const provider = await quietly(
        () =>
          new Provider(issuer, {
            clients: [
              {
                client_id: CLIENT_ID,
                client_secret: CLIENT_SECRET,
                redirect_uris: [`${url}/api/auth/oidc/callback`],
                post_logout_redirect_uris: [`${url}/sign-in`],
              },
            ],
            claims: {
              openid: ['sub'],
              email: ['email', 'email_verified'],
              profile: ['given_name', 'family_name'],
              roles: ['roles'],
            },
            jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig' }] },
            cookies: { keys: ['a key of the provider'] },
            pkce: { required: () => true },
            ttl: {
              AccessToken: 60,
              AuthorizationCode: 60,
              Grant: 600,
              IdToken: 60,
              Interaction: 600,
              Session: 600,
            },
            findAccount: (_context, sub) =>
              people.has(sub) ? { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) } : undefined,
          }),
      );
      const answer = provider.callback();
      server.on('request', (request, response) => void answer(request, response));
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Without the warnings of the provider about its version of Node.js and its sign-in pages, which are made for tests. */
async function quietly<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  const { warn, info } = console;
  Object.assign(console, { warn: () => undefined, info: () => undefined });
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, info });
  }
}
