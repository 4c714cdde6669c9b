import { OrphanedJobs } from '../../../src/services/orphaned-jobs.service.js';
import { v7 as uuid } from 'uuid';
import bcrypt from 'bcrypt';
import { startTestApi, type TestApi } from '../../support/api.js';
import { ApiClient } from '../../support/api-client.js';
import { addVideos, completeJob } from '../../support/api-seeds.js';

describe('accounts and administration', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  const person = (email: string) => ({ name: 'Mario', surname: 'Rossi', email, password: 'correct horse' });

  async function join(email: string): Promise<{ id: string; client: ApiClient }> {
    const registered = await api.anonymous.post('/api/users/user', person(email));
    const { password } = person(email);
    const answer = await api.anonymous.post('/api/users/login', { email, password });
    return {
      id: String(registered.at('data.id')),
      client: new ApiClient(api.url, String(answer.at('data.token'))),
    };
  }

  it('a person registers, signs in, looks and changes', async () => {
    const registered = await api.anonymous.post('/api/users/user', person('mariorossi@example.com'));
    expect(registered.status).toBe(201);
    expect(registered.json).toMatchObject({
      success: true,
      message: 'User created successfully',
      data: { name: 'Mario', surname: 'Rossi', email: 'mariorossi@example.com', tokens: 100, role: 'user' },
    });
    expect(registered.text).not.toMatch(/password|hash/i);
    expect((await api.anonymous.post('/api/users/user', person('MARIOROSSI@example.com'))).status).toBe(409);
    const wrong = { email: 'mariorossi@example.com', password: 'wrong horse' };
    expect((await api.anonymous.post('/api/users/login', wrong)).status).toBe(401);
    const { password } = person('');
    const login = await api.anonymous.post('/api/users/login', { email: 'mariorossi@example.com', password });
    expect(login.json).toMatchObject({ success: true, data: { user: { name: 'Mario' } } });
    const client = new ApiClient(api.url, String(login.at('data.token')));
    const id = String(login.at('data.user.id'));
    expect((await client.get('/api/users/profile')).json).toEqual({
      success: true,
      data: { id, name: 'Mario', surname: 'Rossi', email: 'mariorossi@example.com' },
    });
    const tokens = await client.get('/api/users/tokens');
    expect(tokens.json).toMatchObject({
      data: {
        balance: 100,
        recentTransactions: [{ operationType: 'registration_bonus', amount: 100, status: 'completed' }],
        tokenPricing: {
          dataset_upload: { single_image: 0.65, video_frame: 0.4, zip_file: 0.7 },
          inference: { single_image: 2.75, video_frame: 1.5 },
        },
      },
    });
    const changed = await client.put(`/api/users/${id}`, { surname: 'Bianchi', email: 'mb@example.com' });
    expect(changed.json).toMatchObject({ data: { surname: 'Bianchi', email: 'mb@example.com' } });
    expect((await client.get('/api/users/profile')).at('data.surname')).toBe('Bianchi');
    expect((await client.put(`/api/users/${id}`, { role: 'admin' })).status).toBe(400);
    const same = await client.put(`/api/users/${id}`, { name: 'Mario', password });
    expect([same.status, (await client.get('/api/users/profile')).status]).toEqual([200, 200]);
    expect((await client.put(`/api/users/${id}`, { password: 'a new horse' })).status).toBe(200);
    expect((await client.get('/api/users/profile')).json).toMatchObject({
      status: 401,
      code: 'TOKEN_REVOKED',
    });
  });

  it("nobody changes or deletes another's account", async () => {
    const one = await join('one@example.com');
    const two = await join('two@example.com');
    expect((await one.client.put(`/api/users/${two.id}`, { name: 'X' })).status).toBe(404);
    expect((await one.client.delete(`/api/users/${two.id}`)).status).toBe(404);
    expect((await one.client.put(`/api/users/${one.id}`, { email: 'two@example.com' })).status).toBe(409);
    expect((await two.client.get('/api/users/profile')).at('data.name')).toBe('Mario');
  });

  it('a deleted account frees its e-mail, ends its jobs and leaves orphaned datasets to the admin', async () => {
    const { id, client } = await join('leaver@example.com');
    const datasetId = String((await client.post('/api/dataset', { name: 'Left behind' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: id }, 1);
    const jobId = String((await client.post('/api/inference', { datasetId })).at('jobId.0'));
    expect((await client.delete(`/api/users/${id}`)).json).toEqual({
      success: true,
      message: 'User deleted successfully',
    });
    expect(api.cancelled).toContain(jobId);
    expect((await client.get('/api/users/profile')).json).toMatchObject({
      status: 401,
      code: 'TOKEN_REVOKED',
    });
    const { read } = api.persistence.unitOfWork;
    expect((await read.jobs.findById(jobId))?.status).toBe('ABORTED');
    expect((await join('leaver@example.com')).id).not.toBe(id);
    const { client: admin } = await api.user('chief', 'admin');
    const seen = await admin.get(`/api/admin/datasets?userId=${id}&includeDeleted=true`);
    expect(seen.json).toMatchObject({
      data: {
        datasets: [{ id: datasetId, isOrphaned: true, isDeleted: true, user: { name: null, deleted: true } }],
        summary: { totalDatasets: 1, orphanedDatasets: 1 },
      },
    });
    expect((await admin.get(`/api/admin/datasets?userId=${id}`)).at('data.totalItems')).toBe(0);
  });

  it('many waiting jobs of a deleted account end in portions, also after a crash in between', async () => {
    const { id, client } = await join('heavy@example.com');
    const datasetId = String((await client.post('/api/dataset', { name: 'Much' })).at('dataset.id'));
    const { unitOfWork } = api.persistence;
    await addVideos(unitOfWork, { datasetId, userId: id }, 1);
    const created = await Promise.all(
      Array.from({ length: 60 }, () => client.post('/api/inference', { datasetId })),
    );
    const ids = created.map((answer) => String(answer.at('jobId.0')));
    // What a process that ends right after the first transaction leaves: a deleted account with waiting jobs.
    await unitOfWork.run(({ users }) => users.remove(id));
    const lease = { fence: uuid(), expiresAt: new Date(Date.now() + 60_000) };
    expect(await unitOfWork.read.jobs.claimForRun(ids[0], lease)).toBeNull();
    const orphans = new OrphanedJobs(unitOfWork, { announceCancel: async () => undefined });
    await Promise.all([orphans.endAll(), orphans.endAll()]);
    const jobs = await Promise.all(ids.map((jobId) => unitOfWork.read.jobs.findById(jobId)));
    expect(new Set(jobs.map((job) => job?.status))).toEqual(new Set(['ABORTED']));
    const rows = await unitOfWork.read.ledger.listByUser(id, 1000);
    expect(rows.filter(({ kind }) => kind === 'release')).toHaveLength(60);
    expect(await unitOfWork.read.ledger.sumOfDeltas(id)).toBe(100_000_000n);
  });

  it('an admin recharges within limits, and the ledger tells', async () => {
    const { client } = await join('poor@example.com');
    const { client: admin } = await api.user('banker', 'admin');
    const recharge = (amount: unknown) =>
      admin.post('/api/admin/user-tokens', { email: 'poor@example.com', amount });
    expect((await recharge(200)).json).toEqual({
      success: true,
      message: 'Tokens recharged succesfully',
      data: { userEmail: 'poor@example.com', amountAdded: 200, newBalance: 300 },
    });
    expect((await recharge('0.25')).at('data.newBalance')).toBe(300.25);
    for (const bad of [0, -1, 1.234, 1e-12, 5e-324, 0.001, 1_000_001, '1e3', '1.', 'many', null])
      expect([bad, (await recharge(bad)).status]).toEqual([bad, 400]);
    expect(
      (await client.post('/api/admin/user-tokens', { email: 'poor@example.com', amount: 1 })).status,
    ).toBe(403);
    const tokens = await admin.get('/api/admin/users/poor@example.com/tokens');
    expect(tokens.json).toMatchObject({
      data: { email: 'poor@example.com', currentBalance: 300.25, role: 'user' },
      transactions: [
        { operationType: 'admin_recharge', amount: 0.25, balanceBefore: 300, balanceAfter: 300.25 },
        { description: 'Admin recharge by banker@example.com: +200 tokens' },
        { operationType: 'registration_bonus' },
      ],
    });
    expect((await admin.get('/api/admin/users/nobody@example.com/tokens')).status).toBe(404);
    const id = String(tokens.at('data.id'));
    const list = await admin.get(
      `/api/admin/transactions?userId=${id}&operationType=admin_recharge&limit=1&page=2`,
    );
    expect(list.json).toMatchObject({
      data: {
        transactions: [{ amount: 200, user: { email: 'poor@example.com' } }],
        summary: { totalTransactions: 2, byStatus: { completed: { count: 2, amount: 200.25 } } },
        totalItems: 2,
        totalPages: 2,
        currentPage: 2,
      },
    });
    expect(
      (await admin.get(`/api/admin/transactions?userId=${id}&status=refunded`)).at('data.totalItems'),
    ).toBe(0);
  });

  it('a hold is pending while its job lives, and afterwards nothing is held', async () => {
    const { id, client } = await join('holder@example.com');
    const { client: admin } = await api.user('auditor', 'admin');
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    const { unitOfWork } = api.persistence;
    await addVideos(unitOfWork, { datasetId, userId: id }, 1);
    const start = async () => String((await client.post('/api/inference', { datasetId })).at('jobId.0'));
    const [cancelled, completed, waiting] = [await start(), await start(), await start()];
    const held = Number((await client.get(`/api/jobs/${waiting}`)).at('cost.held'));
    expect(held).toBeGreaterThan(0);
    await client.post(`/api/jobs/${cancelled}/cancel`);
    await completeJob(unitOfWork, completed, Buffer.from('zip'));
    for (const [job, status] of [
      [cancelled, 'released'],
      [completed, 'captured'],
      [waiting, 'pending'],
    ]) {
      const list = await admin.get(`/api/admin/transactions?userId=${id}&status=${status}`);
      expect(list.json).toMatchObject({
        data: {
          transactions: [{ operationId: job, status, amount: -held }],
          summary: { byStatus: { [status]: { count: 1, amount: -held } } },
        },
      });
      const cost = (await client.get(`/api/jobs/${job}`)).at('cost');
      expect(cost).toMatchObject({ quoted: held, held: status === 'pending' ? held : 0 });
    }
    const recent = (await client.get('/api/users/tokens')).at('data.recentTransactions');
    const statusOf = (job: string) => ({ operationId: job, amount: -held });
    expect(recent).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...statusOf(cancelled), status: 'released' }),
        expect.objectContaining({ ...statusOf(waiting), status: 'pending' }),
      ]),
    );
    const all = await admin.get(`/api/admin/transactions?userId=${id}&includeDeleted=false`);
    expect(all.at('data.totalItems')).toBe(5);
  });

  it('videos without masks are a dataset of videos, which cannot be inpainted for any price', async () => {
    const { id, client } = await join('recorder@example.com');
    const { client: admin } = await api.user('estimator', 'admin');
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: id }, 2);
    expect((await client.get('/api/datasets/Clips')).at('data.type')).toBe('video');
    expect((await client.get('/api/datasets')).at('data.0.type')).toBe('video');
    const listed = await admin.get(`/api/admin/datasets?userId=${id}&type=video`);
    expect(listed.json).toMatchObject({
      data: {
        datasets: [{ datasetType: 'video', videos: 2, estimatedInferenceCost: 0 }],
        summary: { totalEstimatedInferenceCost: 0, byType: { video: 1, 'video-mask': 0 } },
      },
    });
  });

  it('predefined tags are offered with those in use', async () => {
    const { client } = await join('tagger@example.com');
    await client.post('/api/dataset', { name: 'Tagged', tags: ['zebra', 'ai'] });
    await api.persistence.persistence.sequelize.query(
      `INSERT INTO tags (id, name) VALUES (gen_random_uuid(), 'ai'), (gen_random_uuid(), 'computer-vision')`,
    );
    expect((await client.get('/api/tags')).at('tags')).toEqual(['ai', 'computer-vision', 'zebra']);
  });

  it('names and addresses are the same however their characters are composed', async () => {
    const composed = 'Caf\u00e9';
    const decomposed = 'Cafe\u0301';
    const { client } = await join('speller@example.com');
    expect((await client.post('/api/datasets', { name: decomposed, tags: ['\u00e9t\u00e9'] })).status).toBe(
      201,
    );
    expect((await client.post('/api/dataset', { name: composed })).status).toBe(409);
    for (const name of [composed, decomposed]) {
      const found = await client.get(`/api/datasets/${encodeURIComponent(name)}`);
      expect([found.status, found.at('data.name')]).toEqual([200, composed]);
    }
    const tag = encodeURIComponent('e\u0301te\u0301');
    expect((await client.get(`/api/datasets?tags=${tag}`)).at('totalItems')).toBe(1);
    expect((await client.get(`/api/dataset?tags=${tag}`)).at('datasets')).toHaveLength(1);

    expect((await api.anonymous.post('/api/users/user', person('j@m\u00fcller.example'))).status).toBe(201);
    const { password } = person('');
    for (const email of ['j@xn--mller-kva.example', 'J@MU\u0308LLER.example', 'j@m\u00fcller.example']) {
      const login = await api.anonymous.post('/api/users/login', { email, password });
      expect([login.status, login.at('data.user.email')]).toEqual([200, 'j@m\u00fcller.example']);
    }
    const taken = await api.anonymous.post('/api/users/user', person('j@xn--mller-kva.example'));
    expect(taken.status).toBe(409);
    for (const bad of ['no address', 'a@b@c.example', 'a@xn--a.example', 'a b@example.com', '\u00fc@'])
      expect([bad, (await api.anonymous.post('/api/users/user', person(bad))).status]).toEqual([bad, 400]);
  });

  it('a password is the same on every keyboard, also one that was stored as it was typed', async () => {
    const typed = 'cafe\u0301\u00a0creme';
    const composed = 'caf\u00e9 creme';
    const email = 'typist@example.com';
    expect((await api.anonymous.post('/api/auth/register', { email, password: typed })).status).toBe(201);
    const signIn = async (password: string) =>
      (await api.anonymous.post('/api/auth/login', { email, password })).status;
    expect([await signIn(composed), await signIn(typed)]).toEqual([200, 200]);
    const { read } = api.persistence.unitOfWork;
    const user = await read.users.findByEmail(email);
    await read.users.replaceHash(user?.id ?? '', {
      from: user?.passwordHash ?? '',
      to: await bcrypt.hash(typed, 4),
    });
    expect(await signIn(composed)).toBe(401);
    expect(await signIn(typed)).toBe(200);
    expect(await signIn(composed)).toBe(200);
    expect((await read.users.findByEmail(email))?.tokenVersion).toBe(user?.tokenVersion);
    const tab = await api.anonymous.post('/api/auth/register', {
      email: 't@example.com',
      password: 'with\ta tab',
    });
    expect([tab.status, tab.at('errors.0.pointer')]).toEqual([400, '/password']);
  });
});
