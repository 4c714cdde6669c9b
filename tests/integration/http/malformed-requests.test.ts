import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';

describe('malformed requests', () => {
  let api: TestApi;
  let user: ApiClient;

  beforeAll(async () => {
    api = await startTestApi();
    user = (await api.user('user')).client;
  });
  afterAll(() => api.close());

  const raw = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    user.call('POST', '/api/dataset', { headers: { 'content-type': 'application/json', ...headers }, body });

  it.each<[string, () => ReturnType<typeof raw>, number, string]>([
    ['text that is no JSON', () => raw('{"name":'), 400, 'MALFORMED_JSON'],
    ['a number as body', () => raw('1'), 400, 'MALFORMED_JSON'],
    [
      '45 000 nested arrays',
      () => raw(`{"name":${'['.repeat(45_000)}${']'.repeat(45_000)}}`),
      400,
      'VALIDATION',
    ],
    ['a __proto__ key', () => raw('{"name":"A","__proto__":{"admin":true}}'), 400, 'VALIDATION'],
    ['a number beyond all numbers', () => raw('{"name":1e400}'), 400, 'VALIDATION'],
    ['more than 1 MB', () => raw(JSON.stringify({ name: 'x'.repeat(1_100_000) })), 413, 'BODY_TOO_LARGE'],
    [
      'a gzip bomb',
      () => raw(new Uint8Array(gzipSync(Buffer.alloc(50_000_000, 32))), { 'content-encoding': 'gzip' }),
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'UTF-7',
      () => raw('{"name":"A"}', { 'content-type': 'application/json; charset=utf-7' }),
      415,
      'UNSUPPORTED_TYPE',
    ],
    [
      'UTF-16',
      () => raw('{"name":"A"}', { 'content-type': 'application/json; charset=utf-16' }),
      415,
      'UNSUPPORTED_TYPE',
    ],
    [
      'a form',
      () => raw('name=A', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'UNSUPPORTED_TYPE',
    ],
    [
      'an unknown encoding',
      () => raw('{"name":"A"}', { 'content-encoding': 'zip' }),
      415,
      'UNSUPPORTED_TYPE',
    ],
  ])('a body that is %s', async (_what, send, status, code) => {
    const answer = await send();
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
  });

  it('four-byte characters are fine', async () => {
    const answer = await user.post('/api/dataset', { name: '🎬 Film', tags: ['日本'] });
    expect(answer.at('dataset')).toMatchObject({ name: '🎬 Film', tags: ['日本'] });
  });

  async function overSocket(request: string): Promise<string> {
    const socket = net.connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.setEncoding('utf8').end(request);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }

  it.each([
    [
      'a path that is not validly encoded',
      'GET /api/dataset/%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      /^HTTP\/1.1 (400|401)/,
    ],
    [
      'a header of 20 KB',
      `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1.1 431/,
    ],
    [
      'two lengths',
      'POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1.1 400/,
    ],
    ['a method that nobody knows', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1.1 400/],
    [
      'two tokens',
      `GET /api/user/credits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1.1 401/,
    ],
  ])('%s is refused on the wire', async (_what, request, expected) => {
    expect(await overSocket(request)).toMatch(expected);
  });

  it.each(['gzip', 'identity', 'gzip, chunked', 'chunked;q=1', ''])(
    'a request with the Transfer-Encoding "%s" is refused and not carried out',
    async (coding) => {
      const { client, token } = await api.user(`coding-${String(coding.length)}`);
      const created = await client.post('/api/dataset', { name: 'kept' });
      const path = `/api/dataset/${String(created.at('dataset.id'))}`;
      const answer = await overSocket(
        `DELETE ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: ${coding}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 400 [^]*"MALFORMED_REQUEST"/);
      expect((await client.get(path)).status).toBe(200);
    },
  );

  it.each([
    ['nothing', undefined, 'TOKEN_MISSING', /send the header "Authorization: Bearer <token>"/],
    ['no token', 'Bearer ', 'TOKEN_MISSING', /required/],
    ['Basic', 'Basic YTpi', 'TOKEN_NOT_BEARER', /given scheme is Basic/],
    [
      'a token without a scheme',
      'eyJhbGciOiJSUzI1NiJ9.e30.AAAA',
      'TOKEN_NOT_BEARER',
      /must be "Bearer <token>"/,
    ],
    ['a token of 10 KB', `Bearer ${'a'.repeat(10_000)}`, 'INVALID_TOKEN', /longer than 8192/],
    ['noise', 'Bearer abc', 'INVALID_TOKEN', /malformed/],
    ['two words', 'Bearer a b', 'INVALID_TOKEN', /malformed/],
  ])(
    'Authorization with %s is 401 and says how to authenticate',
    async (_what, authorization, code, message) => {
      const answer = await api.anonymous.get(
        '/api/user/credits',
        authorization ? { headers: { authorization } } : {},
      );
      expect([answer.status, answer.at('code')]).toEqual([401, code]);
      expect(answer.at('message')).toMatch(message);
      // RFC 6750, section 3.1: no error code for a request without a token.
      const error =
        code === 'INVALID_TOKEN'
          ? /^Bearer realm="infernode", error="invalid_token", /
          : /^Bearer realm="infernode"$/;
      expect(answer.headers.get('www-authenticate')).toMatch(error);
    },
  );

  it('a token dies with a password change, and an admin token with the role', async () => {
    const { user: row, client } = await api.user('changing', 'admin');
    const body = { email: 'changing@example.com', credits: 1 };
    expect((await client.post('/api/admin/recharge', body)).status).toBe(200);
    const { unitOfWork } = api.persistence;
    await unitOfWork.run(({ users }) => users.setRole(row.id, 'user'));
    expect([401, 403]).toContain((await client.post('/api/admin/recharge', body)).status);
    const fresh = await api.anonymous.post('/api/auth/login', {
      email: 'changing@example.com',
      password: 'correct horse',
    });
    const headers = { authorization: `Bearer ${String(fresh.at('token'))}` };
    expect((await api.anonymous.get('/api/user/credits', { headers })).status).toBe(200);
    await unitOfWork.run(({ users }) => users.setPassword(row.id, 'x'));
    const revoked = await api.anonymous.get('/api/user/credits', { headers });
    expect([revoked.status, revoked.at('code')]).toEqual([401, 'TOKEN_REVOKED']);
    expect(revoked.headers.get('www-authenticate')).toMatch(/error="invalid_token".*revoked"$/);
  });
});
