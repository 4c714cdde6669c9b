import { startTestApi, type TestApi } from '../../support/api.js';
import { ApiClient } from '../../support/api-client.js';
import { addVideos } from '../../support/api-seeds.js';

describe('what administrators see of others', () => {
  let api: TestApi;
  let admin: ApiClient;
  let adminId: string;

  beforeAll(async () => {
    api = await startTestApi();
    const chief = await api.user('chief', 'admin');
    [admin, adminId] = [chief.client, chief.user.id];
  });
  afterAll(() => api.close());

  const newestAudit = async () => (await api.persistence.unitOfWork.read.audit.newest(1))[0];

  it('accounts by part of the e-mail, role and state, by page', async () => {
    for (const name of ['anna_b', 'annaxb', 'annab']) await api.user(name);
    const found = async (query: string) =>
      ((await admin.get(`/api/admin/users?${query}`)).at('data.users') as { email: string }[]).map(
        ({ email }) => email,
      );
    // An underscore and a per cent sign are characters here, not patterns.
    expect(await found('email=ANNA_B')).toEqual(['anna_b@example.com']);
    expect(await found('email=anna%25b')).toEqual([]);
    expect(await found('role=admin')).toEqual(['chief@example.com']);
    const page = await admin.get('/api/admin/users?email=anna&limit=2&page=2');
    expect(page.json).toMatchObject({
      data: {
        users: [{ email: 'anna_b@example.com', tokens: 100, role: 'user', disabled: false, deleted: false }],
        totalItems: 3,
        totalPages: 2,
        currentPage: 2,
      },
    });
    expect(page.text).not.toMatch(/password|hash/i);
    const { client } = await api.user('curious');
    expect((await client.get('/api/admin/users')).status).toBe(403);
  });

  it('jobs of everybody by e-mail, status, task and time', async () => {
    const { client, user } = await api.user('worker.o');
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    const first = String((await client.post('/api/inference', { datasetId })).at('jobId.0'));
    const second = String((await client.post('/api/inference', { datasetId })).at('jobId.0'));
    await client.post(`/api/jobs/${first}/cancel`);
    const ids = async (query: string) =>
      ((await admin.get(`/api/admin/jobs?${query}`)).at('data.jobs') as { id: string }[]).map(({ id }) => id);
    expect(await ids('email=worker.o')).toEqual([second, first]);
    expect(await ids('email=worker.o&status=ABORTED')).toEqual([first]);
    expect(await ids('email=worker.o&status=ABORTED&status=PENDING&limit=1&page=2')).toEqual([first]);
    expect(await ids('email=worker.o&task=inpainting')).toEqual([]);
    expect(await ids("email='; DROP TABLE users --")).toEqual([]);
    const shown = (await admin.get('/api/admin/jobs?email=worker.o')).at('data.jobs.0');
    const { createdAt, batchId } = shown as { createdAt: string; batchId: string };
    expect(await ids(`email=worker.o&createdAfter=${createdAt}`)).toEqual([]);
    expect(await ids(`email=worker.o&createdBefore=${createdAt}`)).toEqual([first]);
    expect(await ids(`id=${first}&id=${second}`)).toEqual([second, first]);
    expect(await ids(`id=${adminId}`)).toEqual([]);
    expect(await ids(`userId=${user.id}`)).toEqual([second, first]);
    expect(await ids(`userId=${adminId}`)).toEqual([]);
    expect(await ids(`datasetId=${datasetId}`)).toEqual([second, first]);
    expect(await ids(`batchId=${batchId}`)).toEqual([second]);
    const wrong = await admin.get('/api/admin/jobs?status=DONE&limit=1001&page=0&owner=me');
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringMatching(/status.*limit|limit.*status/s)]);
    const listed = await admin.get('/api/admin/jobs?email=worker.o');
    expect(listed.json).toMatchObject({
      data: {
        jobs: [{ task: 'cns', user: { id: user.id, email: 'worker.o@example.com' }, results: null }, {}],
      },
    });
    expect((await client.get('/api/admin/jobs')).status).toBe(403);
  });

  it('metrics of queues and webhooks, without a trace in the audit log', async () => {
    const { client } = await api.user('hooked');
    const hooks: string[] = [];
    for (const name of ['a', 'b'])
      hooks.push(
        String((await client.post('/api/webhooks', { url: `https://example.com/${name}` })).at('webhook.id')),
      );
    const { sequelize } = api.persistence.persistence;
    const deliver = (status: string, finishedAt: string, next: string) =>
      sequelize.query(
        `INSERT INTO webhook_deliveries (id, webhook_id, type, payload, status, expires_at, created_at, finished_at, next_attempt_at)
         VALUES (gen_random_uuid(), '${hooks[0]}', 'webhook.test', '{}', '${status}', now() + interval '1 day',
                 now() - interval '10 minutes', ${finishedAt}, ${next})`,
      );
    await deliver('delivered', 'now()', 'NULL');
    await deliver('failed', 'now()', 'NULL');
    await deliver('failed', `now() - interval '2 hours'`, 'NULL');
    await deliver('pending', 'NULL', 'now()');
    await deliver('pending', 'NULL', 'now()');
    await sequelize.query(
      `UPDATE webhooks SET paused_until = now() + interval '1 hour' WHERE id = '${hooks[1]}'`,
    );
    const labels = { operation: 'put', storage: 'disk' };
    for (const value of [1, 2])
      await api.persistence.unitOfWork.read.metrics.add([{ name: 'storage_errors_total', labels, value }]);
    const before = await newestAudit();

    const { status, headers, text } = await admin.get('/metrics');

    expect([status, headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/plain; version=0\.0\.4/),
    ]);
    const samples = Object.fromEntries(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
    expect(samples).toMatchObject({
      'infernode_queue_waiting{queue="webhooks"}': 2,
      'infernode_queue_running{queue="webhooks"}': 0,
      'infernode_webhook_deliveries_last_hour{outcome="delivered"}': 1,
      'infernode_webhook_deliveries_last_hour{outcome="failed"}': 1,
      infernode_webhook_circuits_open: 1,
      'infernode_webhook_endpoints{state="enabled"}': 2,
      'infernode_queue_waiting{queue="previews"}': expect.any(Number),
      'infernode_queue_waiting{queue="imports"}': 0,
      infernode_uploads_open: 0,
      'infernode_storage_objects{kind="media"}': expect.any(Number),
      'infernode_storage_bytes{kind="results"}': expect.any(Number),
      'infernode_storage_errors_total{operation="put",storage="disk"}': 3,
    });
    expect(samples['infernode_queue_oldest_waiting_seconds{queue="webhooks"}']).toBeGreaterThanOrEqual(600);
    expect(await newestAudit()).toEqual(before);
    expect((await client.get('/metrics')).status).toBe(403);
  });

  it('every look is in the audit log, which nobody can change', async () => {
    await admin.get('/api/admin/users/chief@example.com/tokens');
    expect(await newestAudit()).toMatchObject({
      actorId: adminId,
      actor: 'chief@example.com',
      action: 'getUserTokens',
      subject: { params: { email: 'chief@example.com' } },
      requestId: expect.any(String),
    });
    await admin.get('/api/admin/jobs?email=worker');
    expect(await newestAudit()).toMatchObject({
      action: 'listAllJobs',
      subject: { query: { email: 'worker' } },
    });
    await admin.post('/api/admin/recharge', { email: 'chief@example.com', credits: 5 });
    expect(await newestAudit()).toMatchObject({
      action: 'rechargeCredits',
      subject: { body: { email: 'chief@example.com', credits: 5 } },
    });
    const { sequelize } = api.persistence.persistence;
    await expect(sequelize.query('DELETE FROM audit_log')).rejects.toThrow('append-only');
    await expect(sequelize.query("UPDATE audit_log SET actor = 'nobody'")).rejects.toThrow('append-only');
  });

  it('a disabled account cannot sign in, its tokens end at once, and only its owner is told why', async () => {
    const { client, user } = await api.user('villain');
    const { unitOfWork } = api.persistence;
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await unitOfWork.run(({ users }) => users.setDisabled(user.id, true));
    const refused = await client.get(`/api/dataset/${datasetId}`);
    expect([refused.status, refused.at('code')]).toEqual([401, 'TOKEN_REVOKED']);
    const signIn = (password: string, route = 'auth') =>
      api.anonymous.post(`/api/${route}/login`, { email: 'villain@example.com', password });
    for (const route of ['auth', 'users']) {
      const told = await signIn('correct horse', route);
      expect([told.status, told.at('code')]).toEqual([403, 'ACCOUNT_DISABLED']);
    }
    expect((await signIn('wrong horse')).at('code')).toBe('INVALID_CREDENTIALS');
    expect((await admin.get('/api/admin/users?disabled=true')).at('data.users')).toMatchObject([
      { email: 'villain@example.com', disabled: true },
    ]);
    await unitOfWork.run(({ users }) => users.setDisabled(user.id, false));
    expect((await client.get('/api/user/credits')).status).toBe(401);
    const back = new ApiClient(api.url, String((await signIn('correct horse')).at('token')));
    expect((await back.get(`/api/dataset/${datasetId}`)).status).toBe(200);
  });
});
