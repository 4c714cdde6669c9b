import { once } from 'node:events';
import { request as sendHead, type IncomingMessage } from 'node:http';
import type { Scope } from '../../../src/domain/scopes.js';
import { generateSecret } from '../../../src/services/secret-text.js';
import { FAKE_GOAL } from '../../support/servo-client.js';
import { ApiClient, type ApiResponse } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { readEvents } from '../../support/read-events.js';
import { RealtimeClient } from '../../support/realtime-client.js';
import { addVideos } from '../../support/api-seeds.js';

const CONFIGURED = 'configured-key-of-the-operator';

describe('API keys', () => {
  let api: TestApi;
  const sockets: RealtimeClient[] = [];

  beforeAll(async () => {
    const configured = [
      { userId: 'late@example.com', apiKey: CONFIGURED },
      { userId: 'late@example.com', apiKey: `${CONFIGURED}-2`, scopes: ['account:read'] },
    ];
    api = await startTestApi({
      settings: { API_KEYS_PER_USER: '4', API_KEYS: JSON.stringify(configured), TRUST_PROXY: '1' },
    });
  });
  afterAll(() => api.close());
  afterEach(() => sockets.splice(0).forEach((socket) => socket.terminate()));

  /** A key of a user, made with the user's token. */
  async function issue(client: ApiClient, scopes: readonly Scope[], more: object = {}) {
    const answer = await client.post('/api/keys', { name: 'A key', scopes, ...more });
    expect([answer.status, answer.text]).toEqual([201, expect.stringContaining('infk_')]);
    return { id: String(answer.at('apiKey.id')), secret: String(answer.at('secret')) };
  }
  /** The first use of a key, once there is one. */
  async function used(client: ApiClient, id: string): Promise<unknown> {
    for (;;) {
      const lastUsedAt = (await client.get(`/api/keys/${id}`)).at('apiKey.lastUsedAt');
      if (lastUsedAt !== null) return lastUsedAt;
    }
  }
  const withKey = (secret: string) => new ApiClient(api.url, undefined, { 'x-api-key': secret });
  const outcome = ({ status, at }: ApiResponse) => [status, at('code')];
  const connect = (path: string, headers: Record<string, string> = {}) => {
    const socket = new RealtimeClient(`${api.url.replace('http', 'ws')}${path}`, { headers });
    sockets.push(socket);
    return socket;
  };

  it('show their secret once; the database has only its digest', async () => {
    const { client } = await api.user('keeper');
    const created = await client.post('/api/keys', {
      name: 'Line 3 camera',
      scopes: ['jobs:write', 'datasets:read', 'jobs:write'],
    });
    const id = String(created.at('apiKey.id'));
    const secret = String(created.at('secret'));
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`/api/keys/${id}`);
    expect(created.at('apiKey')).toMatchObject({
      name: 'Line 3 camera',
      scopes: ['datasets:read', 'jobs:write'],
      expiresAt: null,
      lastUsedAt: null,
    });
    expect(secret).toMatch(new RegExp(`^infk_${id}_[0-9A-Za-z]{38}$`));
    for (const path of ['/api/keys', `/api/keys/${id}`])
      expect((await client.get(path)).text).not.toContain(secret.slice(-38));
    const [rows] = await api.persistence.database.sequelize.query('SELECT k::text AS row FROM api_keys k');
    expect(JSON.stringify(rows)).not.toContain(secret.slice(-38));
    const other = await api.user('other-keeper');
    for (const answer of [
      await other.client.get(`/api/keys/${id}`),
      await other.client.patch(`/api/keys/${id}`, { name: 'Mine' }),
      await other.client.post(`/api/keys/${id}/rotate`),
      await other.client.delete(`/api/keys/${id}`),
    ])
      expect(outcome(answer)).toEqual([404, 'NOT_FOUND']);
    expect((await other.client.get('/api/keys')).at('data')).toEqual([]);
  });

  it('work in each header, on every kind of route; a lacking scope is named', async () => {
    const { client, user } = await api.user('caller');
    const { secret } = await issue(client, ['account:read', 'jobs:read']);
    const by = (headers: Record<string, string>) =>
      new ApiClient(api.url, undefined, headers).get('/api/users/profile');
    const accepted: Record<string, string>[] = [
      { 'x-api-key': secret },
      { authorization: `Api-Key ${secret}` },
      { authorization: `api-key  ${secret}` },
      { authorization: `Bearer ${secret}` },
      { authorization: `Api-Key ${secret}`, 'x-api-key': secret },
    ];
    for (const headers of accepted) expect((await by(headers)).at('data.id')).toBe(user.id);
    const two = await by({ authorization: `Bearer ${client.token ?? ''}`, 'x-api-key': secret });
    expect(outcome(two)).toEqual([401, 'CREDENTIALS_AMBIGUOUS']);
    expect((await withKey(secret).post('/v2/repository/index', {})).status).toBe(200);
    const refused = await withKey(secret).post('/api/dataset', { name: 'Clips' });
    expect(outcome(refused)).toEqual([403, 'SCOPE_MISSING']);
    expect(refused.at('message')).toContain('datasets:write');
    const noKey = await withKey(secret).put(`/api/users/${user.id}`, { password: 'another password' });
    expect(outcome(noKey)).toEqual([403, 'API_KEY_NOT_ACCEPTED']);
    expect(outcome(await withKey(`${secret.slice(0, -1)}!`).get('/api/users/profile'))).toEqual([
      401,
      'INVALID_API_KEY',
    ]);
  });

  it('never give more than the key that makes or changes them has', async () => {
    const { client } = await api.user('delegate', 'admin');
    const bounds = { expiresAt: '2090-01-01T00:00:00Z', ipRanges: ['127.0.0.0/8'], rateLimitPerMinute: 500 };
    const { secret } = await issue(client, ['keys', 'jobs:read'], bounds);
    const strong = await issue(client, ['admin']);
    const weak = withKey(secret);
    const ask = (more: object) =>
      weak.post('/api/keys', { name: 'Child', scopes: ['jobs:read'], ...bounds, ...more });
    for (const more of [
      { scopes: ['jobs:read', 'servo'] },
      { scopes: ['admin'] },
      { expiresAt: null },
      { expiresAt: '2091-01-01T00:00:00Z' },
      { ipRanges: [] },
      { ipRanges: ['127.0.0.0/7'] },
      { ipRanges: ['127.0.0.1', '192.0.2.1'] },
      { rateLimitPerMinute: null },
      { rateLimitPerMinute: 501 },
    ])
      expect(outcome(await ask(more))).toEqual([403, 'KEY_EXCEEDS_CREATOR']);
    for (const attempt of [
      await weak.post(`/api/keys/${strong.id}/rotate`),
      await weak.patch(`/api/keys/${strong.id}`, { name: 'Mine now' }),
    ])
      expect(outcome(attempt)).toEqual([403, 'KEY_EXCEEDS_CREATOR']);
    const child = await ask({ ipRanges: ['127.0.0.1'], rateLimitPerMinute: 5 });
    expect(child.status).toBe(201);
    const wider = { ipRanges: ['0.0.0.0/0'] };
    expect(outcome(await weak.patch(`/api/keys/${String(child.at('apiKey.id'))}`, wider))).toEqual([
      403,
      'KEY_EXCEEDS_CREATOR',
    ]);
    const plain = await api.user('plain');
    expect(outcome(await plain.client.post('/api/keys', { name: 'A', scopes: ['admin'] }))).toEqual([
      403,
      'FORBIDDEN',
    ]);
    const past = { name: 'A', scopes: ['keys'], expiresAt: '2020-01-01T00:00:00Z' };
    expect(outcome(await plain.client.post('/api/keys', past))).toEqual([400, 'VALIDATION']);
  });

  it('of an admin without the scope admin see what a user sees', async () => {
    const { client } = await api.user('modest-admin', 'admin');
    const { secret } = await issue(client, ['jobs:read']);
    expect(outcome(await withKey(secret).get('/api/admin/users'))).toEqual([403, 'SCOPE_MISSING']);
    const board = await fetch(`${api.url}/api/admin/queues`, { headers: { 'x-api-key': secret } });
    expect(board.status).toBe(403);
    const strong = await issue(client, ['admin']);
    const allowed = await fetch(`${api.url}/api/admin/queues`, {
      headers: { 'x-api-key': strong.secret },
      redirect: 'manual',
    });
    expect(await allowed.text()).toBe('the board');
    const [entry] = await api.persistence.unitOfWork.read.audit.newest(1);
    expect(entry).toMatchObject({ action: 'createApiKey', subject: { apiKeyId: strong.id } });
  });

  it('end with a rotation at once, or after the grace time', async () => {
    const { client } = await api.user('rotator');
    const { id, secret } = await issue(client, ['account:read']);
    const uses = async (key: string) => outcome(await withKey(key).get('/api/users/profile'))[0];
    const graceful = await client.post(`/api/keys/${id}/rotate`, { graceSeconds: 3600 });
    const second = String(graceful.at('secret'));
    expect(Date.parse(String(graceful.at('apiKey.previousSecretExpiresAt')))).toBeGreaterThan(Date.now());
    expect([await uses(secret), await uses(second)]).toEqual([200, 200]);
    await api.persistence.database.sequelize.query(
      'UPDATE api_keys SET previous_expires_at = now() WHERE previous_sha256 IS NOT NULL',
    );
    expect(outcome(await withKey(secret).get('/api/users/profile'))).toEqual([401, 'API_KEY_EXPIRED']);
    const third = String((await client.post(`/api/keys/${id}/rotate`)).at('secret'));
    expect([await uses(second), await uses(third)]).toEqual([401, 200]);
  });

  it('in their grace time make no keys that outlive it, and are not rotated', async () => {
    const { client } = await api.user('succeeded');
    const { id, secret } = await issue(client, ['keys']);
    const rotated = await client.post(`/api/keys/${id}/rotate`, { graceSeconds: 3600 });
    const [old, current] = [withKey(secret), withKey(String(rotated.at('secret')))];
    const ask = (key: ApiClient, expiresAt: string | null) =>
      key.post('/api/keys', { name: 'Heir', scopes: ['keys'], expiresAt });
    for (const attempt of [await ask(old, null), await old.post(`/api/keys/${id}/rotate`)])
      expect(outcome(attempt)).toEqual([403, 'KEY_EXCEEDS_CREATOR']);
    const soon = new Date(Date.now() + 60_000).toISOString();
    expect([(await ask(old, soon)).status, (await ask(current, null)).status]).toEqual([201, 201]);
  });

  it.each([
    ['was deleted', 'DELETE FROM api_keys WHERE id = :id', 401],
    ['lost its scope', "UPDATE api_keys SET scopes = '{servo}' WHERE id = :id", 403],
    ['has expired', 'UPDATE api_keys SET expires_at = now() WHERE id = :id', 201],
  ])('one that %s while a body arrived', async (_what, change, status) => {
    const { client } = await api.user('slow-sender');
    const { id, secret } = await issue(client, ['datasets:write']);
    const body = JSON.stringify({ name: 'Clips' });
    const request = sendHead(`${api.url}/api/dataset`, {
      method: 'POST',
      headers: { 'x-api-key': secret, 'content-type': 'application/json', 'content-length': body.length },
    });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.write(body.slice(0, 5));
    await used(client, id);
    await api.persistence.database.sequelize.query(change, { replacements: { id } });
    request.end(body.slice(5));
    const [response] = await answered;
    response.resume();
    expect(response.statusCode).toBe(status);
    expect((await client.get('/api/dataset')).at('datasets')).toHaveLength(status === 201 ? 1 : 0);
  });

  it('can be limited to addresses, as a trusted proxy forwards them', async () => {
    const { client } = await api.user('localised');
    const ranges = { ipRanges: ['192.0.2.0/24', '2001:db8::/32'] };
    const { secret } = await issue(client, ['account:read', 'jobs:read'], ranges);
    const from = async (address: string) =>
      outcome(
        await withKey(secret).get('/api/users/profile', { headers: { 'x-forwarded-for': address } }),
      )[0];
    expect([await from('192.0.2.77'), await from('2001:db8::7'), await from('198.51.100.1')]).toEqual([
      200, 200, 403,
    ]);
    // A client cannot forge it: the last entry is the proxy's.
    expect(await from('192.0.2.77, 198.51.100.1')).toBe(403);
    const socket = connect('/ws', { 'x-api-key': secret, 'x-forwarded-for': '198.51.100.1' });
    expect(await socket.next('error')).toMatchObject({ code: 'ADDRESS_NOT_ALLOWED' });
    await connect('/ws', { 'x-api-key': secret, 'x-forwarded-for': '192.0.2.1' }).next('authenticated');
  });

  it('can have a rate limit of their own', async () => {
    const { client } = await api.user('limited');
    const { secret } = await issue(client, ['account:read'], { rateLimitPerMinute: 3 });
    const answers: ApiResponse[] = [];
    for (let index = 0; index < 5; index += 1) answers.push(await withKey(secret).get('/api/users/profile'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(Number(answers[3].headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await client.get('/api/users/profile')).status).toBe(200);
  });

  it('show their last use', async () => {
    const { client } = await api.user('user-of-keys');
    const { id, secret } = await issue(client, ['account:read']);
    await withKey(secret).get('/api/users/profile');
    expect(Date.parse(String(await used(client, id)))).not.toBeNaN();
  });

  it('are limited in number, also for requests at the same time', async () => {
    const { client } = await api.user('collector');
    const ask = () => client.post('/api/keys', { name: 'A key', scopes: ['servo'] });
    const answers = await Promise.all(Array.from({ length: 8 }, ask));
    const sorted = answers.map(({ status }) => status).sort();
    expect(sorted).toEqual([201, 201, 201, 201, 409, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.at('code')).toBe('TOO_MANY_API_KEYS');
  });

  it('open WebSockets, streams of events and of frames, which end with the key', async () => {
    const { client, user } = await api.user('streaming');
    const { id, secret } = await issue(client, ['jobs:read', 'servo']);
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    const jobId = String((await client.post('/api/inference', { datasetId })).at('jobId.0'));
    const session = await client.post('/api/servo/sessions', { goal: FAKE_GOAL });
    const streamPath = new URL(String(session.at('session.streamUrl'))).pathname;

    const byHeader = connect('/ws', { 'x-api-key': secret });
    expect(await byHeader.next('authenticated')).toMatchObject({ userId: user.id, expiresAt: null });
    const byMessage = connect('/ws');
    byMessage.send({ type: 'authenticate', apiKey: secret });
    await byMessage.next('authenticated');
    const frames = connect(streamPath, { authorization: `Api-Key ${secret}` });
    await frames.next('session');
    const events = await fetch(`${api.url}/api/jobs/${jobId}/events`, { headers: { 'x-api-key': secret } });
    const read = readEvents(events);
    expect((await read.next()).value).toMatchObject({ event: 'snapshot' });

    await client.delete(`/api/keys/${id}`);
    expect([await byHeader.closed(), await byMessage.closed(), await frames.closed()]).toEqual([
      4401, 4401, 4401,
    ]);
    for await (const event of read) expect(event).toBeDefined();
    expect(outcome(await withKey(secret).get('/api/jobs'))).toEqual([401, 'INVALID_API_KEY']);

    const { secret: mute } = await issue(client, ['account:read']);
    const refused = connect('/ws', { 'x-api-key': mute });
    expect(await refused.next('error')).toMatchObject({ code: 'SCOPE_MISSING' });
    expect(await refused.closed()).toBe(1008);
    await client.delete(`/api/servo/sessions/${String(session.at('session.id'))}`);
  });

  it('of the configuration work once their user exists', async () => {
    const late = () => withKey(CONFIGURED).get('/api/users/profile');
    expect(outcome(await late())).toEqual([401, 'INVALID_API_KEY']);
    const { user } = await api.user('late');
    expect((await late()).at('data.id')).toBe(user.id);
    const limited = withKey(`${CONFIGURED}-2`);
    expect((await limited.get('/api/users/profile')).status).toBe(200);
    expect(outcome(await limited.get('/api/keys'))).toEqual([403, 'SCOPE_MISSING']);
  });

  it('stop with their account', async () => {
    const { client, user } = await api.user('leaver');
    const { secret } = await issue(client, ['account:read', 'jobs:read']);
    const { unitOfWork } = api.persistence;
    const socket = connect('/ws', { 'x-api-key': secret });
    await socket.next('authenticated');
    await unitOfWork.run(({ users }) => users.setDisabled(user.id, true));
    expect(await socket.closed()).toBe(4401);
    expect(outcome(await withKey(secret).get('/api/users/profile'))).toEqual([401, 'API_KEY_REVOKED']);
    await unitOfWork.run(({ users }) => users.setDisabled(user.id, false));
    expect((await withKey(secret).get('/api/users/profile')).status).toBe(200);
    const token = await api.tokens.issue((await unitOfWork.read.users.findById(user.id)) ?? user);
    await new ApiClient(api.url, token).delete(`/api/users/${user.id}`);
    expect(outcome(await withKey(secret).get('/api/users/profile'))).toEqual([401, 'INVALID_API_KEY']);
  });

  it('that are guessed use up the attempts of the address, not those of right keys and of people', async () => {
    const configured = [{ userId: 'target@example.com', apiKey: 'a-short-key' }];
    const strict = await startTestApi({
      settings: { LOGIN_ATTEMPTS_PER_15_MINUTES: '1', API_KEYS: JSON.stringify(configured) },
    });
    try {
      const { client, user } = await strict.user('target');
      const { secret } = await issue(client, ['account:read']);
      const ask = async (key: string) =>
        (await new ApiClient(strict.url, undefined, { 'x-api-key': key }).get('/api/users/profile')).status;
      const guesses = ['nonsense', ...Array.from({ length: 10 }, () => generateSecret('infk_', user.id))];
      const statuses: number[] = [];
      for (const guess of guesses) statuses.push(await ask(guess));
      // Ten per address: LOGIN_ATTEMPTS_PER_15_MINUTES times ten.
      expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
      expect(await ask(secret)).toBe(200);
      // This one could be guessed, and was not seen before.
      expect(await ask('a-short-key')).toBe(429);
      const newcomer = { email: 'newcomer@example.com', password: 'correct horse' };
      expect((await strict.anonymous.post('/api/auth/register', newcomer)).status).toBe(201);
      expect((await strict.anonymous.post('/api/auth/login', newcomer)).status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});
