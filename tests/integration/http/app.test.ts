import express, { type Express } from 'express';
import { allOperations, buildOpenApiDocument, toOpenApiPath } from '../../../src/schemas/openapi.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { databaseUrl } from '../../support/database-broker.js';
import { execute } from '../../support/postgres-server.js';

type RouteLayer = Express['router']['stack'][number];

/** Routes of a router and of those inside it, as `get /path`. */
function mountedRoutes(layers: readonly RouteLayer[]): string[] {
  return layers.flatMap(({ route, handle }) => {
    if (!route) return 'stack' in handle ? mountedRoutes(handle.stack as RouteLayer[]) : [];
    const methods = new Set(route.stack.map(({ method }) => method).filter(Boolean));
    return [...methods].map((method) => `${method} ${toOpenApiPath(route.path)}`);
  });
}

describe('the application', () => {
  let api: TestApi;
  const board = express.Router().get('/', (_request, response) => void response.send('the board'));
  board.post('/pause', (_request, response) => void response.send('paused'));

  beforeAll(async () => {
    api = await startTestApi({
      settings: { CORS_ORIGINS: 'https://app.example', LOGIN_ATTEMPTS_PER_15_MINUTES: '5' },
      queueBoard: (request, response, next) => board(request, response, next),
    });
  });
  afterAll(() => api.close());

  it('every mounted route is in the OpenAPI document and the other way round', () => {
    const { paths = {} } = buildOpenApiDocument({ version: '1' });
    const documented = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(mountedRoutes(api.api.app.router.stack).sort()).toEqual(documented.sort());
    expect(documented.length).toBeGreaterThan(25);
  });

  it('every operation has an id of its own, errors, and security where it needs a token', () => {
    const ids = allOperations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const { paths = {} } = buildOpenApiDocument({ version: '1' });
    for (const { path, method, access } of allOperations) {
      const documented = paths[toOpenApiPath(path)][method];
      // A public route may need neither database nor memory for a body.
      const everywhere = access === 'public' ? ['500'] : ['429', '500', '503'];
      expect(Object.keys(documented?.responses ?? {})).toEqual(expect.arrayContaining(everywhere));
      expect((documented?.security ?? []).length > 0).toBe(access !== 'public');
    }
  });

  it('a request id is echoed when it is sane, and made otherwise', async () => {
    const given = await api.anonymous.get('/api/health', { headers: { 'x-request-id': 'trace-1' } });
    expect(given.headers.get('x-request-id')).toBe('trace-1');
    const odd = await api.anonymous.get('/api/health', { headers: { 'x-request-id': 'a b<script>' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  it('unknown paths are 404 and known ones with another method 405, both as problems', async () => {
    const missing = await api.anonymous.get('/api/nothing');
    expect([missing.status, missing.at('code')]).toEqual([404, 'NOT_FOUND']);
    const long = await api.anonymous.get(`/api/${'nothing'.repeat(1000)}`);
    expect([long.status, long.at('code')]).toEqual([404, 'NOT_FOUND']);
    // A path of 7000 characters is not repeated three times over.
    expect(long.text.length).toBeLessThan(1500);
    const wrong = await api.anonymous.delete('/api/auth/login');
    expect([wrong.status, wrong.at('code'), wrong.headers.get('allow')]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      'POST, OPTIONS',
    ]);
  });

  it('OPTIONS names the methods of a path, also across origins; a preflight is answered before', async () => {
    const options = async (path: string, headers: Record<string, string> = {}) => {
      const { status, headers: answered } = await api.anonymous.call('OPTIONS', path, { headers });
      return [status, answered.get('allow'), answered.get('access-control-allow-methods')];
    };
    const origin = 'https://app.example';
    expect(await options('/api/auth/login')).toEqual([204, 'POST, OPTIONS', null]);
    expect(await options('/api/jobs/some-id')).toEqual([204, 'GET, DELETE, HEAD, OPTIONS', null]);
    expect((await options('/api/auth/login', { origin })).slice(0, 2)).toEqual([204, 'POST, OPTIONS']);
    expect(await options('/api/nothing')).toEqual([404, null, null]);
    const [status, , methods] = await options('/api/auth/login', {
      origin,
      'access-control-request-method': 'POST',
    });
    expect([status, methods]).toEqual([204, 'GET,HEAD,PUT,PATCH,POST,DELETE']);
  });

  it('only configured origins may read answers', async () => {
    const allowed = async (origin: string) =>
      (await api.anonymous.get('/api/health', { headers: { origin } })).headers.get(
        'access-control-allow-origin',
      );
    expect(await allowed('https://app.example')).toBe('https://app.example');
    expect(await allowed('https://evil.example')).toBeNull();
  });

  it('headers keep browsers from guessing, framing and caching', async () => {
    const { headers } = await api.anonymous.get('/api/health');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('the sixth guess of a password is refused, the right one too', async () => {
    await api.user('guessed');
    const attempt = (password: string) =>
      api.anonymous.post('/api/auth/login', { email: 'guessed@example.com', password });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) statuses.push((await attempt(`guess number ${index}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401]);
    const sixth = await attempt('correct horse');
    expect([sixth.status, sixth.at('code')]).toEqual([429, 'TOO_MANY_ATTEMPTS']);
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(800);
  });

  it('a client beyond the rate limit is told how long to wait; probes are not counted', async () => {
    const limited = await startTestApi({ settings: { RATE_LIMIT_PER_MINUTE: '3' } });
    try {
      for (let index = 0; index < 10; index += 1) await limited.anonymous.get('/livez');
      const answers = [];
      for (let index = 0; index < 4; index += 1)
        answers.push(await limited.anonymous.get('/api/openapi.json'));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
      expect(answers[0].headers.get('ratelimit')).toMatch(/r=2/);
      expect(answers[0].headers.get('ratelimit-policy')).toMatch(/q=3/);
      expect(Number(answers[3].headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await limited.close();
    }
  });

  it('frames of live sessions have a limit of their own', async () => {
    const limited = await startTestApi({
      settings: { RATE_LIMIT_PER_MINUTE: '2', SERVO_FRAMES_PER_MINUTE: '4' },
    });
    try {
      const path = '/api/servo/sessions/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c/frames';
      const frames = [];
      for (let index = 0; index < 5; index += 1)
        frames.push(await fetch(limited.url + path, { method: 'POST' }));
      // Without a token: the limit comes first.
      expect(frames.map(({ status }) => status)).toEqual([401, 401, 401, 401, 429]);
      expect(frames[0].headers.get('ratelimit-policy')).toMatch(/"frames"; q=4/);
      expect(await frames[4].text()).toContain('SERVO_FRAMES_PER_MINUTE');
      const others = [];
      for (let index = 0; index < 3; index += 1)
        others.push((await limited.anonymous.get('/api/openapi.json')).status);
      expect(others).toEqual([200, 200, 429]);
    } finally {
      await limited.close();
    }
  });

  it('without a database the API says 503 and is not ready, and heals by itself', async () => {
    const { client } = await api.user('waiting');
    const { url } = api.persistence.database;
    const name = new URL(url).pathname.slice(1);
    const onServer = (sql: string) => execute(databaseUrl(url, 'postgres'), sql);
    await onServer(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`);
    await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    try {
      const answer = await client.get('/api/user/credits');
      expect([answer.status, answer.at('code')]).toEqual([503, 'DATABASE_UNAVAILABLE']);
      expect(answer.headers.get('retry-after')).not.toBeNull();
      const ready = await api.anonymous.get('/readyz');
      expect([ready.status, ready.at('status'), ready.at('checks.database.reason')]).toEqual([
        503,
        'not ready',
        undefined,
      ]);
      const health = await api.anonymous.get('/api/v1/health');
      expect([health.status, health.at('status'), health.at('database.ok')]).toEqual([
        503,
        'degraded',
        false,
      ]);
      expect((await api.anonymous.get('/livez')).status).toBe(200);
    } finally {
      await onServer(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`);
    }
    expect((await client.get('/api/user/credits')).status).toBe(200);
    expect((await api.anonymous.get('/readyz')).status).toBe(200);
  });

  describe('the queue board', () => {
    const page = { headers: { accept: 'text/html,application/xhtml+xml' } };
    const form = (fields: Record<string, string>, headers: Record<string, string> = {}) => ({
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(fields).toString(),
    });

    it('sends a browser to the sign-in page, and programs away', async () => {
      const browser = await api.anonymous.get('/api/admin/queues', page);
      expect([browser.status, browser.headers.get('location')]).toEqual([303, '/api/admin/sign-in']);
      expect((await api.anonymous.get('/api/admin/sign-in')).text).toContain('<form method="post"');
      expect(
        (await api.anonymous.get('/api/admin/queues', { headers: { accept: 'application/json' } })).status,
      ).toBe(403);
      const { client } = await api.user('curious');
      expect((await client.get('/api/admin/queues', page)).status).toBe(403);
    });

    it('opens with the token of an admin', async () => {
      const { client } = await api.user('token-admin', 'admin');
      expect((await client.get('/api/admin/queues')).text).toBe('the board');
    });

    it('opens after signing in with the form, by a cookie that is good for nothing else', async () => {
      await api.user('browser-admin', 'admin');
      const fields = { email: 'browser-admin@example.com', password: 'correct horse' };
      const signedIn = await api.anonymous.call('POST', '/api/admin/sign-in', form(fields));
      expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/api/admin/queues']);
      const cookie = signedIn.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(/Path=\/api\/admin;.*HttpOnly; SameSite=Strict/);
      const pair = cookie.split(';')[0];
      const withCookie = (headers: Record<string, string> = {}) => ({
        headers: { cookie: pair, ...headers },
      });
      expect((await api.anonymous.get('/api/admin/queues', withCookie())).text).toBe('the board');

      const pause = (headers: Record<string, string>) =>
        api.anonymous.call('POST', '/api/admin/queues/pause', withCookie(headers));
      expect((await pause({ origin: api.url, 'sec-fetch-site': 'same-origin' })).text).toBe('paused');
      expect((await pause({ origin: 'http://evil.example' })).status).toBe(403);
      expect((await pause({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);

      const token = pair.split('=')[1];
      const elsewhere = { headers: { authorization: `Bearer ${token}` } };
      expect((await api.anonymous.get('/api/user/credits', elsewhere)).status).toBe(401);
      const out = await api.anonymous.call('POST', '/api/admin/sign-out', withCookie());
      expect(out.headers.get('set-cookie')).toMatch(/^infernode_admin=;.*Expires=Thu, 01 Jan 1970/);
      expect((await api.anonymous.get('/api/admin/queues', withCookie())).status).toBe(403);
      expect((await api.anonymous.call('POST', '/api/admin/sign-out', withCookie())).status).toBe(303);
    });

    it('stays shut for users, wrong passwords and forms of other sites', async () => {
      await api.user('plain');
      const right = { email: 'plain@example.com', password: 'correct horse' };
      for (const fields of [right, { ...right, password: 'wrong' }]) {
        const answer = await api.anonymous.call('POST', '/api/admin/sign-in', form(fields, page.headers));
        expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null]);
        expect(answer.text).toContain('wrong, or the account is no admin');
        const program = await api.anonymous.call('POST', '/api/admin/sign-in', form(fields));
        expect([program.status, program.at('code')]).toEqual([401, 'INVALID_CREDENTIALS']);
        expect(program.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      }
      const foreign = await api.anonymous.call(
        'POST',
        '/api/admin/sign-in',
        form(right, { origin: 'http://evil.example' }),
      );
      expect([foreign.status, foreign.at('code')]).toEqual([403, 'CROSS_SITE']);
      expect(
        (
          await api.anonymous.get('/api/admin/queues', {
            headers: { ...page.headers, cookie: 'infernode_admin=x' },
          })
        ).status,
      ).toBe(303);
    });
  });
});
