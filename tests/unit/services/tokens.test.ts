import { createHmac, createSign, generateKeyPairSync, sign as signRaw, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DownloadLinks } from '../../../src/services/token-download-link.js';
import { loadKeyRing, writeKeyPair, type KeyRing } from '../../../src/services/token-keys.js';
import { TokenService } from '../../../src/services/token.service.js';

const USER = { id: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c', tokenVersion: 3 };
const SETTINGS = { issuer: 'infernode', audience: 'infernode-api', accessSeconds: 86_400 };
const NOW = new Date('2026-11-21T12:00:00Z');
const SECONDS = NOW.getTime() / 1000;

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('access tokens', () => {
  let folder: string;
  let keys: KeyRing;
  let publicPem: string;
  let tokens: TokenService;
  const paths = () => ({
    privateKeyPath: path.join(folder, 'private.key'),
    publicKeyPath: path.join(folder, 'public.key'),
  });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-keys-'));
    await writeKeyPair(paths(), { overwrite: false });
    keys = await loadKeyRing(paths());
    publicPem = await readFile(paths().publicKeyPath, 'utf8');
    tokens = new TokenService(keys, SETTINGS, () => NOW);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const header = () => ({ alg: 'RS256', typ: 'at+jwt', kid: keys.kid });
  const claims = () => ({
    sub: USER.id,
    ver: 3,
    iss: 'infernode',
    aud: 'infernode-api',
    iat: SECONDS,
    exp: SECONDS + 3600,
  });

  /** A token made by hand, independent of the library that verifies it. */
  function craft(
    head: object,
    payload: unknown,
    algorithm = 'RSA-SHA256',
    key: KeyObject = keys.signingKey,
  ): string {
    const content = `${base64(head)}.${base64(payload)}`;
    return `${content}.${createSign(algorithm).update(content).sign(key).toString('base64url')}`;
  }

  it('a token made by hand after the rules is accepted, and so is our own', async () => {
    const expected = { userId: USER.id, tokenVersion: 3 };
    await expect(tokens.verify(craft(header(), claims()))).resolves.toMatchObject(expected);
    await expect(tokens.verify(await tokens.issue(USER))).resolves.toMatchObject(expected);
  });

  const refused = (
    name: string,
    make: () => string | Promise<string>,
  ): [string, () => string | Promise<string>] => [name, make];

  it.each([
    refused('alg none', () => `${base64({ ...header(), alg: 'none' })}.${base64(claims())}.`),
    refused('HS256 keyed with the public key', () => {
      const content = `${base64({ ...header(), alg: 'HS256' })}.${base64(claims())}`;
      return `${content}.${createHmac('sha256', publicPem).update(content).digest('base64url')}`;
    }),
    refused('RS512 by the right key', () => craft({ ...header(), alg: 'RS512' }, claims(), 'RSA-SHA512')),
    refused('PS256 by the right key', () => {
      const content = `${base64({ ...header(), alg: 'PS256' })}.${base64(claims())}`;
      const key = { key: keys.signingKey, padding: 6, saltLength: 32 };
      return `${content}.${signRaw('sha256', Buffer.from(content), key).toString('base64url')}`;
    }),
    refused('a header with jku', () => craft({ ...header(), jku: 'http://127.0.0.1:9/keys' }, claims())),
    refused('a header with its own jwk', () => craft({ ...header(), jwk: { kty: 'RSA' } }, claims())),
    refused('a header with x5u', () => craft({ ...header(), x5u: 'http://127.0.0.1:9/' }, claims())),
    refused('a critical extension', () => craft({ ...header(), crit: ['x'], x: 1 }, claims())),
    refused('an unknown kid', () => craft({ ...header(), kid: 'nobody' }, claims())),
    refused('a kid that is a path', () => craft({ ...header(), kid: '../../dev/null' }, claims())),
    refused('a kid of 10 KB', () => craft({ ...header(), kid: 'k'.repeat(10_000) }, claims())),
    refused('no kid', () => craft({ alg: 'RS256', typ: 'at+jwt' }, claims())),
    refused('no typ', () => craft({ alg: 'RS256', kid: keys.kid }, claims())),
    refused('typ JWT', () => craft({ ...header(), typ: 'JWT' }, claims())),
    refused('no exp', () => craft(header(), { ...claims(), exp: undefined })),
    refused('exp as text', () => craft(header(), { ...claims(), exp: '99999999999' })),
    refused('exp in a million years', () => craft(header(), { ...claims(), exp: 1e15 })),
    refused('exp longer than we issue', () => craft(header(), { ...claims(), exp: SECONDS + 86_401 })),
    refused('issued in the future', () => craft(header(), { ...claims(), iat: SECONDS + 120 })),
    refused('not valid yet', () => craft(header(), { ...claims(), nbf: SECONDS + 120 })),
    refused('no iat', () => craft(header(), { ...claims(), iat: undefined })),
    refused('another issuer', () => craft(header(), { ...claims(), iss: 'somebody' })),
    refused('another audience', () => craft(header(), { ...claims(), aud: 'other-api' })),
    refused('a sub that is no user id', () => craft(header(), { ...claims(), sub: 'admin' })),
    refused('no token version', () => craft(header(), { ...claims(), ver: undefined })),
    refused('an array as payload', () => craft(header(), [claims()])),
    refused('a text as payload', () => craft(header(), 'admin')),
    refused('null as payload', () => craft(header(), null)),
    refused('a signature of another key', () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return craft(header(), claims(), 'RSA-SHA256', privateKey);
    }),
    refused('a changed payload', () => {
      const [head, , signature] = craft(header(), claims()).split('.');
      return `${head}.${base64({ ...claims(), ver: 4 })}.${signature}`;
    }),
    refused('the session of the sign-in page', () => tokens.issue(USER, { kind: 'adminSession' })),
    refused('an old token of another key', () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return craft(header(), { ...claims(), exp: SECONDS - 3600 }, 'RSA-SHA256', privateKey);
    }),
    refused('nothing', () => ''),
    refused('noise', () => 'a.b.c'),
  ])('refuses %s', async (_name, make) => {
    await expect(tokens.verify(await make())).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('an access token opens no admin session', async () => {
    await expect(tokens.verify(await tokens.issue(USER), 'adminSession')).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });

  it('only a token of ours is told that it has expired', async () => {
    const expired = craft(header(), { ...claims(), iat: SECONDS - 3600, exp: SECONDS - 31 });
    await expect(tokens.verify(expired)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    await expect(tokens.verify(`${expired.slice(0, -4)}AAAA`)).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
  });

  it('clocks may differ by 30 seconds', async () => {
    const late = craft(header(), { ...claims(), iat: SECONDS - 3600, exp: SECONDS - 29 });
    await expect(tokens.verify(late)).resolves.toBeDefined();
  });

  it('a token that was verified before still ends at its time, and no other is taken for it', async () => {
    let now = NOW;
    const service = new TokenService(keys, SETTINGS, () => now);
    const token = craft(header(), claims());
    const expected = { userId: USER.id, tokenVersion: 3 };
    await expect(service.verify(token)).resolves.toMatchObject(expected);
    await expect(service.verify(token, 'adminSession')).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    await expect(service.verify(`${token.slice(0, -4)}AAAA`)).rejects.toMatchObject({
      code: 'INVALID_TOKEN',
    });
    now = new Date((SECONDS + 3600 + 29) * 1000);
    await expect(service.verify(token)).resolves.toMatchObject(expected);
    now = new Date((SECONDS + 3600 + 31) * 1000);
    await expect(service.verify(token)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  it('keys are private, kept unless forced, and old ones can stay valid during rotation', async () => {
    const { privateKeyPath, publicKeyPath } = paths();
    expect((await stat(privateKeyPath)).mode & 0o777).toBe(0o600);
    expect(await writeKeyPair(paths(), { overwrite: false })).toBe(false);
    expect((await loadKeyRing(paths())).kid).toBe(keys.kid);

    const old = await tokens.issue(USER);
    expect(await writeKeyPair(paths(), { overwrite: true })).toBe(true);
    const fresh = await loadKeyRing(paths());
    expect(fresh.kid).not.toBe(keys.kid);
    await expect(new TokenService(fresh, SETTINGS, () => NOW).verify(old)).rejects.toBeDefined();
    await writeFile(publicKeyPath, `${await readFile(publicKeyPath, 'utf8')}\n${publicPem}`);
    const both = await loadKeyRing(paths());
    expect(both.jwks.map(({ kid }) => kid).sort()).toEqual([keys.kid, fresh.kid].sort());
    await expect(new TokenService(both, SETTINGS, () => NOW).verify(old)).resolves.toBeDefined();
  });

  it('a key of 1024 bits is refused', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const weak = path.join(folder, 'weak.key');
    await writeFile(weak, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const missing = path.join(folder, 'missing.key');
    await expect(loadKeyRing({ privateKeyPath: weak, publicKeyPath: missing })).rejects.toThrow(/2048/);
  });
});

describe('download links', () => {
  const links = new DownloadLinks(Buffer.alloc(32, 7), () => NOW);
  const where = '/api/inference/result/zip/1';
  const parts = (link: string) => Object.fromEntries(new URL(link, 'http://x').searchParams);

  it('a link names its user until 15 minutes have passed', () => {
    const query = parts(links.sign(where, USER.id));
    expect(links.verify(where, query)).toBe(USER.id);
    const at = (seconds: number) =>
      new DownloadLinks(Buffer.alloc(32, 7), () => new Date(NOW.getTime() + seconds * 1000));
    expect(at(899).verify(where, query)).toBe(USER.id);
    expect(() => at(900).verify(where, query)).toThrow(expect.objectContaining({ code: 'INVALID_LINK' }));
  });

  it.each<[string, (query: Record<string, string>) => [string, Record<string, string>]]>([
    ['another file', (query) => ['/api/inference/result/zip/2', query]],
    ['another user', (query) => [where, { ...query, user: 'x' }]],
    ['a later end', (query) => [where, { ...query, expires: String(SECONDS + 901) }]],
    ['a cut signature', (query) => [where, { ...query, signature: query.signature.slice(0, -1) }]],
    ['no signature', ({ expires, user }) => [where, { expires, user }]],
    ['an end that is no number', (query) => [where, { ...query, expires: 'soon' }]],
  ])('refuses %s', (_name, change) => {
    const [place, query] = change(parts(links.sign(where, USER.id)));
    expect(() => links.verify(place, query)).toThrow(expect.objectContaining({ code: 'INVALID_LINK' }));
  });

  it('refuses a link of another key', () => {
    const query = parts(new DownloadLinks(Buffer.alloc(32, 8), () => NOW).sign(where, USER.id));
    expect(() => links.verify(where, query)).toThrow(expect.objectContaining({ code: 'INVALID_LINK' }));
  });
});
