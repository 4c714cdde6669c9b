import { startTestApi, type TestApi } from '../../support/api.js';

/** The seed's own example bodies, against a real database. */
describe('routes of the seed', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  it('register answers with the seed body and 100 credits, and refuses the e-mail a second time', async () => {
    const body = { email: 'User@Example.com', password: 'securepassword123' };
    const first = await api.anonymous.post('/api/auth/register', body);
    expect(first.status).toBe(201);
    expect(first.json).toEqual({
      message: 'User registered successfully',
      user: { id: expect.any(String), email: 'user@example.com', role: 'user', credit: 100 },
    });
    const second = await api.anonymous.post('/api/auth/register', { ...body, email: 'user@example.com' });
    expect(second.status).toBe(409);
    expect(second.at('code')).toBe('EMAIL_TAKEN');
  });

  it('login gives a token that works; a wrong password and an unknown e-mail look the same', async () => {
    await api.user('login');
    const right = await api.anonymous.post('/api/auth/login', {
      email: 'login@example.com',
      password: 'correct horse',
    });
    expect(right.json).toMatchObject({ message: 'Login successful', token: expect.any(String) });
    const credits = await api.anonymous.get('/api/user/credits', {
      headers: { authorization: `Bearer ${String(right.at('token'))}` },
    });
    expect(credits.json).toEqual({ credits: 100 });

    const wrong = await api.anonymous.post('/api/auth/login', {
      email: 'login@example.com',
      password: 'wrong horse',
    });
    const unknown = await api.anonymous.post('/api/auth/login', {
      email: 'nobody@example.com',
      password: 'wrong horse',
    });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.headers.get('www-authenticate')).toBeNull();
    const visible = ({ json }: typeof wrong) => ({ ...(json as object), requestId: '' });
    expect(visible(unknown)).toEqual(visible(wrong));
  });

  it('an admin recharges, which the ledger records; a user may not', async () => {
    const { user, client } = await api.user('poor');
    const admin = await api.user('boss', 'admin');
    const body = { email: 'poor@example.com', credits: 50 };
    expect((await client.post('/api/admin/recharge', body)).status).toBe(403);
    const answer = await admin.client.post('/api/admin/recharge', body);
    expect([answer.status, answer.json]).toEqual([
      200,
      { message: "User's credits updated", newBalance: 150 },
    ]);
    const { ledger } = api.persistence.unitOfWork.read;
    expect((await ledger.listByUser(user.id, 10)).map(({ kind, delta }) => [kind, delta])).toEqual([
      ['recharge', 50_000_000n],
      ['grant', 100_000_000n],
    ]);
    expect(
      (await admin.client.post('/api/admin/recharge', { ...body, email: 'none@example.com' })).status,
    ).toBe(404);
  });

  it('a balance ends where a JSON number still shows all of its decimals', async () => {
    const { user } = await api.user('rich');
    const admin = await api.user('treasurer', 'admin');
    const recharge = (credits: number) =>
      admin.client.post('/api/admin/recharge', { email: 'rich@example.com', credits });
    for (let billions = 0; billions < 7; billions += 1) await recharge(1e9);
    expect((await recharge(999_999_899.999999)).json).toMatchObject({ newBalance: 7_999_999_999.999999 });

    const refused = await recharge(0.000002);

    expect(refused.json).toMatchObject({ status: 400, code: 'INVALID_AMOUNT' });
    expect(String(refused.at('detail'))).toContain('8000000000');
    const { users } = api.persistence.unitOfWork.read;
    expect((await users.findById(user.id))?.balance).toBe(7_999_999_999_999_999n);
  });

  it('datasets are created, listed by tag, changed and deleted', async () => {
    const { user, client } = await api.user('curator');
    const example = { name: 'Traffic Analysis 2023', tags: ['traffic', 'urban', 'peak-hours'] };
    const made = await client.post('/api/dataset', example);
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      message: 'Dataset created successfully',
      dataset: {
        ...example,
        user_id: user.id,
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    });
    const id = String(made.at('dataset.id'));
    expect(made.headers.get('location')).toBe(`/api/dataset/${id}`);
    expect((await client.post('/api/dataset', example)).status).toBe(409);

    await client.post('/api/dataset', { name: 'Urban Mobility Study', tags: ['traffic', 'urban'] });
    await client.post('/api/dataset', { name: 'Forest' });
    const names = async (query: string) =>
      ((await client.get(`/api/dataset${query}`)).at('datasets') as { name: string }[]).map(
        ({ name }) => name,
      );
    expect((await names('')).sort()).toEqual(['Forest', 'Traffic Analysis 2023', 'Urban Mobility Study']);
    expect(await names('?tags=peak-hours')).toEqual(['Traffic Analysis 2023']);
    expect((await names('?tags=peak-hours&tags=urban')).length).toBe(2);
    expect(await names('?tags=peak-hours&tags=urban&match=all')).toEqual(['Traffic Analysis 2023']);
    expect((await client.get('/api/tags')).json).toEqual({ tags: ['peak-hours', 'traffic', 'urban'] });

    const changed = await client.put(`/api/dataset/${id}`, {
      name: 'Traffic Analysis 2023 - Updated',
      tags: ['traffic', 'urban', 'peak-hours', 'analysis'],
    });
    expect(changed.json).toMatchObject({
      message: 'Dataset updated successfully',
      dataset: { id, name: 'Traffic Analysis 2023 - Updated' },
    });
    expect((await client.get(`/api/dataset/${id}`)).json).toMatchObject({ dataset: { id, videos: [] } });
    expect((await client.delete(`/api/dataset/${id}`)).json).toEqual({
      message: 'Dataset deleted successfully',
    });
    expect((await client.get(`/api/dataset/${id}`)).status).toBe(404);
    expect((await client.delete(`/api/dataset/${id}`)).status).toBe(404);
    expect((await client.post('/api/dataset', { name: 'Traffic Analysis 2023 - Updated' })).status).toBe(201);
    expect(await names('?includeDeleted=true')).toHaveLength(4);
  });

  it('an update with the tag of an older state is refused', async () => {
    const { client } = await api.user('careful');
    const id = String((await client.post('/api/dataset', { name: 'Shared' })).at('dataset.id'));
    const tag = (await client.get(`/api/dataset/${id}`)).headers.get('etag') ?? '';
    const first = await client.put(`/api/dataset/${id}`, { name: 'Shared 2' }, { 'if-match': tag });
    expect(first.status).toBe(200);
    const second = await client.put(`/api/dataset/${id}`, { name: 'Shared 3' }, { 'if-match': tag });
    expect([second.status, second.at('code')]).toEqual([412, 'PRECONDITION_FAILED']);
  });

  it('health, readiness, key set, document and front door answer without a token', async () => {
    expect((await api.anonymous.get('/api/health')).json).toEqual({
      status: 'Server is working!',
      timestamp: expect.any(String),
    });
    expect((await api.anonymous.get('/health')).status).toBe(200);
    expect((await api.anonymous.get('/livez')).status).toBe(200);
    expect((await api.anonymous.get('/api/v1/health')).json).toMatchObject({
      status: 'ok',
      database: { ok: true },
      redis: null,
    });
    expect((await api.anonymous.get('/readyz')).json).toMatchObject({
      status: 'ready',
      checks: { database: { ok: true } },
    });
    expect((await api.anonymous.get('/.well-known/jwks.json')).at('keys.0')).toMatchObject({
      alg: 'RS256',
      kid: api.keys.kid,
      use: 'sig',
    });
    expect((await api.anonymous.get('/api/openapi.json')).at('openapi')).toBe('3.1.0');
    expect((await api.anonymous.get('/')).at('name')).toBe('InferNode');
    for (const path of ['/api/docs/', '/api/v1/api-docs/'])
      expect((await api.anonymous.get(path)).text).toContain('swagger');
  });

  it('the tag filter works in a GET body, as the seed shows it', async () => {
    const { client, token } = await api.user('bodied');
    await client.post('/api/dataset', { name: 'A', tags: ['traffic'] });
    await client.post('/api/dataset', { name: 'B', tags: ['forest'] });
    const { request } = await import('node:http');
    const body = JSON.stringify({ tags: ['forest'] });
    const text = await new Promise<string>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': body.length,
      };
      request(`${api.url}/api/dataset`, { method: 'GET', headers }, (response) => {
        response.setEncoding('utf8');
        let received = '';
        response.on('data', (chunk: string) => (received += chunk));
        response.on('end', () => resolve(received));
      })
        .on('error', reject)
        .end(body);
    });
    expect(JSON.parse(text)).toMatchObject({ datasets: [{ name: 'B' }] });
  });
});
