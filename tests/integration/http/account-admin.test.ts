import { ApiClient, type ApiResponse } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { addVideos } from '../../support/api-seeds.js';

describe('administration of accounts', () => {
  let api: TestApi;
  let admin: Awaited<ReturnType<TestApi['user']>>;
  beforeAll(async () => {
    api = await startTestApi({ settings: { PUBLIC_URL: 'https://lab.example/' } });
    admin = await api.user('head', 'admin');
  });
  afterAll(() => api.close());

  const outcome = ({ status, at }: ApiResponse) => [status, at('code')];
  const login = (name: string, password = 'correct horse') =>
    api.anonymous.post('/api/auth/login', { email: `${name}@example.com`, password });
  const profile = (token: unknown) => new ApiClient(api.url, String(token)).get('/api/users/profile');

  it('disables and enables accounts, but not the own one', async () => {
    const { user } = await api.user('worker');
    const token = (await login('worker')).at('token');
    const disabled = await admin.client.post(`/api/admin/users/${user.id}/disable`);
    expect([disabled.status, disabled.at('data.disabled')]).toEqual([200, true]);
    expect((await profile(token)).status).toBe(401);
    expect(outcome(await login('worker'))).toEqual([403, 'ACCOUNT_DISABLED']);
    const enabled = await admin.client.post(`/api/admin/users/${user.id}/enable`);
    expect([enabled.status, enabled.at('data.disabled')]).toEqual([200, false]);
    expect((await login('worker')).status).toBe(200);
    const own = `/api/admin/users/${admin.user.id}/disable`;
    expect(outcome(await admin.client.post(own))).toEqual([403, 'FORBIDDEN']);
    const nobody = '/api/admin/users/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c/disable';
    expect(outcome(await admin.client.post(nobody))).toEqual([404, 'NOT_FOUND']);
  });

  it('creates links that set a password once', async () => {
    const { user } = await api.user('forgetful');
    const before = (await login('forgetful')).at('token');
    const create = async () => {
      const answer = await admin.client.post(`/api/admin/users/${user.id}/password-reset`);
      expect([answer.status, answer.at('data.email')]).toEqual([201, 'forgetful@example.com']);
      return { token: answer.at('data.token'), url: String(answer.at('data.url')) };
    };
    const [old, { token, url }] = [await create(), await create()];
    const reset = (secret: unknown, password: string) =>
      api.anonymous.post('/api/auth/password-reset', { token: secret, password });
    expect(outcome(await reset(old.token, 'a new password'))).toEqual([403, 'INVALID_RESET_LINK']);
    expect(outcome(await reset(token, 'short'))).toEqual([400, 'PASSWORD_TOO_SHORT']);
    expect((await profile(before)).status).toBe(200);

    expect(url).toBe(`https://lab.example/set-password?token=${String(token)}`);
    const page = await api.anonymous.get(`/set-password?token=${String(token)}`);
    expect(page.text).toContain(`value="${String(token)}"`);
    const submit = (password: string) =>
      api.anonymous.call('POST', '/set-password', {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token: String(token), password }).toString(),
      });
    const short = await submit('short');
    expect([short.status, short.text]).toEqual([400, expect.stringContaining('8 to 72 bytes')]);
    const done = await submit('a new password');
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('The password was set')]);
    expect((await submit('another password')).status).toBe(403);
    expect(outcome(await reset(token, 'another password'))).toEqual([403, 'INVALID_RESET_LINK']);

    expect((await profile(before)).status).toBe(401);
    expect((await login('forgetful')).status).toBe(401);
    expect((await login('forgetful', 'a new password')).status).toBe(200);
    const odd = await api.anonymous.get('/set-password?token=%22%3E%3Cscript%3E');
    expect(odd.text).not.toContain('<script>');
  });

  it('links expire', async () => {
    const { user } = await api.user('slow');
    const token = (await admin.client.post(`/api/admin/users/${user.id}/password-reset`)).at('data.token');
    await api.persistence.database.sequelize.query('UPDATE password_resets SET expires_at = now()');
    const body = { token, password: 'a new password' };
    expect(outcome(await api.anonymous.post('/api/auth/password-reset', body))).toEqual([
      403,
      'INVALID_RESET_LINK',
    ]);
  });

  it('links end with another change of the password, and with the account', async () => {
    const { user, client } = await api.user('quick');
    const link = async () =>
      (await admin.client.post(`/api/admin/users/${user.id}/password-reset`)).at('data.token');
    const reset = (token: unknown) =>
      api.anonymous.post('/api/auth/password-reset', { token, password: 'of somebody else' });
    const first = await link();
    const change = { currentPassword: 'correct horse', newPassword: 'a new password' };
    const changed = await client.post('/api/auth/password', change);
    expect(changed.status).toBe(200);
    expect(outcome(await reset(first))).toEqual([403, 'INVALID_RESET_LINK']);
    expect((await login('quick', 'a new password')).status).toBe(200);

    const second = await link();
    const own = new ApiClient(api.url, String(changed.at('token')));
    expect((await own.delete(`/api/users/${user.id}`)).status).toBe(200);
    expect(outcome(await reset(second))).toEqual([403, 'INVALID_RESET_LINK']);
  });

  it('the state of a player is removed with the account, and not kept for it again', async () => {
    const { user, client } = await api.user('player');
    const { realtime } = api.persistence.unitOfWork.read;
    await realtime.keepState(user.id, '{"title":"a film"}', 300);
    expect(await realtime.findState(user.id)).toBe('{"title":"a film"}');
    await client.delete(`/api/users/${user.id}`);
    expect(await realtime.findState(user.id)).toBeNull();
    await realtime.keepState(user.id, '{"title":"a film"}', 300);
    expect(await realtime.findState(user.id)).toBeNull();
  });

  it('finds users by e-mail and name', async () => {
    await api.anonymous.post('/api/users/user', {
      name: 'Grace',
      surname: 'Hopper',
      email: 'rear.admiral@example.com',
      password: 'correct horse',
    });
    const found = async (search: string) => {
      const answer = await admin.client.get(`/api/admin/users?search=${encodeURIComponent(search)}`);
      return (answer.at('data.users') as { email: string }[]).map(({ email }) => email);
    };
    for (const search of ['hOPP', 'grace', 'Grace Hopper', 'rear.adm'])
      expect(await found(search)).toEqual(['rear.admiral@example.com']);
    expect(await found('no_body')).toEqual([]);
  });

  it('shows the audit log, newest first', async () => {
    const { user } = await api.user('watched');
    await admin.client.post(`/api/admin/users/${user.id}/disable`);
    const answer = await admin.client.get('/api/admin/audit?actor=HEAD@&action=disableUser&limit=1');
    expect(answer.at('data.entries.0')).toMatchObject({
      actor: 'head@example.com',
      actorId: admin.user.id,
      action: 'disableUser',
      subject: { params: { id: user.id } },
    });
    expect(answer.at('data.totalItems')).toBeGreaterThan(0);
    const none = await admin.client.get('/api/admin/audit?createdAfter=2090-01-01T00:00:00Z');
    expect(none.at('data.entries')).toEqual([]);
    const { client } = await api.user('curious');
    expect(outcome(await client.get('/api/admin/audit'))).toEqual([403, 'FORBIDDEN']);
  });

  it('sums usage per user and day, as JSON and as CSV', async () => {
    const { user, client } = await api.user('busy');
    const { unitOfWork } = api.persistence;
    for (const amount of [2_000_000n, 500_000n])
      await unitOfWork.run(({ ledger }) =>
        ledger.append({ userId: user.id, kind: 'capture', amount, delta: -amount, description: 'An image' }),
      );
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(unitOfWork, { datasetId, userId: user.id }, 3);
    const jobId = String((await client.post('/api/inference', { datasetId })).at('jobId.0'));
    await client.post(`/api/jobs/${jobId}/cancel`);

    const today = new Date().toISOString().slice(0, 10);
    const row = {
      userId: user.id,
      email: 'busy@example.com',
      images: 2,
      frames: 0,
      credits: 2.5,
      bytes: 3000,
    };
    const own = await client.get('/api/user/usage');
    expect(own.at('data')).toEqual([{ ...row, jobs: 1, date: expect.any(String) }]);
    const all = await admin.client.get(`/api/admin/usage?userId=${user.id}&from=2026-01-01&to=2026-01-31`);
    expect(all.at('data')).toEqual([]);
    const table = await admin.client.get(`/api/admin/usage?userId=${user.id}&format=csv`);
    expect(table.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(table.text.split('\n')).toEqual([
      'date,userId,email,jobs,images,frames,credits,bytes',
      expect.stringMatching(`^[\\d-]{10},${user.id},busy@example.com,1,2,0,2.5,3000$`),
      '',
    ]);
    expect(outcome(await client.get(`/api/user/usage?from=${today}&to=2020-01-01`))).toEqual([
      400,
      'VALIDATION',
    ]);
  });
});
