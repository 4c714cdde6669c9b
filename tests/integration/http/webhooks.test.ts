import { addVideos } from '../../support/api-seeds.js';
import { buildOpenApiDocument } from '../../../src/schemas/openapi.js';
import { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';

const URL_OF_HOOK = 'https://example.com/hooks/infernode';

let api: TestApi;

describe('/api/webhooks', () => {
  beforeAll(async () => {
    api = await startTestApi({ settings: { WEBHOOKS_PER_USER: '3' } });
  });
  afterAll(() => api.close());

  it('an endpoint is created, read, changed, disabled and deleted; its secret is shown once', async () => {
    const { client } = await api.user('owner');
    const made = await client.post('/api/webhooks', { url: URL_OF_HOOK, description: ' mine ' });
    const path = String(made.headers.get('location'));

    expect(made.status).toBe(201);
    expect(made.at('secret')).toMatch(/^whsec_[\w+/]{43}=$/);
    expect(made.at('webhook')).toMatchObject({
      url: URL_OF_HOOK,
      description: 'mine',
      events: ['job.completed', 'job.failed', 'job.aborted'],
      status: 'enabled',
    });
    const got = await client.get(path);
    expect(got.at('webhook')).toEqual(made.at('webhook'));
    expect(got.text + (await client.get('/api/webhooks')).text).not.toContain('whsec_');

    const changed = await client.patch(path, { enabled: false, tasks: ['cns'], events: ['job.progress'] });
    expect(changed.at('webhook')).toMatchObject({
      status: 'disabled',
      disabledReason: 'user',
      tasks: ['cns'],
      events: ['job.progress'],
      url: URL_OF_HOOK,
    });
    const ping = await client.post(`${path}/ping`);
    expect([ping.status, ping.at('code')]).toEqual([409, 'WEBHOOK_DISABLED']);
    expect((await client.patch(path, { enabled: true })).at('webhook.status')).toBe('enabled');

    expect((await client.delete(path)).status).toBe(204);
    expect((await client.get(path)).status).toBe(404);
  });

  it('endpoints and deliveries of others do not exist', async () => {
    const [owner, stranger] = [await api.user('alice'), await api.user('mallory')];
    const made = await owner.client.post('/api/webhooks', { url: URL_OF_HOOK });
    const path = String(made.headers.get('location'));
    const delivery = String((await owner.client.post(`${path}/ping`)).at('delivery.id'));
    const log = `${path}/deliveries`;

    const { client } = stranger;
    const answers = [
      await client.get(path),
      await client.patch(path, { enabled: false }),
      await client.delete(path),
      await client.post(`${path}/rotate`),
      await client.post(`${path}/ping`),
      await client.get(log),
      await client.get(`${log}/${delivery}`),
      await client.post(`${log}/${delivery}/redeliver`),
    ];

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    expect((await client.get('/api/webhooks')).at('data')).toEqual([]);
    expect((await api.anonymous.get(path)).status).toBe(401);
    expect((await owner.client.get(`${log}/${delivery}`)).at('delivery')).toMatchObject({
      id: delivery,
      type: 'webhook.ping',
      status: 'pending',
      attempt: 0,
      request: { method: 'POST', url: URL_OF_HOOK },
      attempts: [],
    });
    // A delivery is only found at its own endpoint.
    const other = await owner.client.post('/api/webhooks', { url: URL_OF_HOOK });
    const foreign = `${String(other.headers.get('location'))}/deliveries/${delivery}`;
    expect((await owner.client.get(foreign)).status).toBe(404);
  });

  it.each([
    ['http://127.0.0.1:8080/', 422, 'WEBHOOK_URL_REFUSED'],
    ['http://[::ffff:10.0.0.1]/', 422, 'WEBHOOK_URL_REFUSED'],
    ['http://169.254.169.254/latest', 422, 'WEBHOOK_URL_REFUSED'],
    ['https://user:pass@example.com/', 422, 'WEBHOOK_URL_REFUSED'],
    ['ftp://example.com/', 422, 'WEBHOOK_URL_REFUSED'],
    ['not a url', 422, 'WEBHOOK_URL_REFUSED'],
    ['', 400, 'VALIDATION'],
    [`https://example.com/${'x'.repeat(2100)}`, 400, 'VALIDATION'],
  ])('the URL %s is refused', async (url, status, code) => {
    const { client } = await api.user('url');
    const made = await client.post('/api/webhooks', { url });
    expect([made.status, made.at('code'), made.at('errors.0.pointer')]).toEqual([status, code, '/url']);

    const inference = await client.post('/api/inference?dryRun=true', {
      datasetId: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c',
      webhook: { url },
    });
    expect([inference.status, inference.at('code'), inference.at('errors.0.pointer')]).toEqual([
      status,
      code,
      '/webhook/url',
    ]);
  });

  it.each([
    { events: [] },
    { events: ['job.exploded'] },
    { tasks: ['nothing'] },
    { datasetIds: ['1'] },
    { secret: 'whsec_c2hvcnQ=' },
    { secret: 'secret' },
    { description: 'x'.repeat(201) },
    { description: 'a\0b' },
    { unknown: 1 },
  ])('the body with %j is refused', async (part) => {
    const { client } = await api.user('body');
    const made = await client.post('/api/webhooks', { url: URL_OF_HOOK, ...part });
    expect([made.status, made.at('code')]).toEqual([400, 'VALIDATION']);
  });

  it('an account has as many endpoints as the setting allows, also when it asks for more at once', async () => {
    const { client } = await api.user('collector');
    const made = await Promise.all(
      Array.from({ length: 8 }, () => client.post('/api/webhooks', { url: URL_OF_HOOK })),
    );

    expect(made.filter(({ status }) => status === 201)).toHaveLength(3);
    const refused = made.filter(({ status }) => status !== 201);
    expect(new Set(refused.map((answer) => answer.at('code')))).toEqual(new Set(['TOO_MANY_WEBHOOKS']));
    const first = await client.get('/api/webhooks?limit=2');
    expect((first.at('data') as unknown[]).length).toBe(2);
    const second = await client.get(`/api/webhooks?cursor=${String(first.at('nextCursor'))}`);
    expect((second.at('data') as unknown[]).length).toBe(1);
  });

  it('an API key needs the scope of webhooks, also for the endpoint of new jobs', async () => {
    const { client } = await api.user('keyholder');
    const made = await client.post('/api/keys', { name: 'jobs', scopes: ['jobs:read', 'jobs:write'] });
    const key = new ApiClient(api.url, undefined, { 'X-API-Key': String(made.at('secret')) });
    const dataset = { datasetId: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c' };

    const refused = [
      await key.post('/api/webhooks', { url: URL_OF_HOOK }),
      await key.post('/api/inference', { ...dataset, webhook: { url: URL_OF_HOOK } }),
    ];

    expect(refused.map((answer) => [answer.status, answer.at('requiredScope')])).toEqual([
      [403, 'webhooks'],
      [403, 'webhooks'],
    ]);
    expect((await key.post('/api/inference', dataset)).status).not.toBe(403);
  });

  it('a stored response with the secret of an endpoint is repeated to keys with the scope alone', async () => {
    const { client, user } = await api.user('repeater');
    const made = await client.post('/api/keys', { name: 'jobs', scopes: ['jobs:write'] });
    const key = new ApiClient(api.url, undefined, { 'X-API-Key': String(made.at('secret')) });
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    const body = { datasetId, parameters: { detector: 'ORB' }, webhook: { url: URL_OF_HOOK } };
    const once = { 'Idempotency-Key': 'once' };
    const first = await client.post('/api/inference', body, once);
    expect(first.at('webhook.secret')).toMatch(/^whsec_/);
    const repeated = await key.post('/api/inference', body, once);
    expect([repeated.status, repeated.at('requiredScope')]).toEqual([403, 'webhooks']);
    expect(repeated.text).not.toContain('whsec_');
    expect((await client.post('/api/inference', body, once)).json).toEqual(first.json);
  });

  it('a rotated secret is shown once; the old one is kept for the grace time', async () => {
    const { client } = await api.user('rotator');
    const made = await client.post('/api/webhooks', { url: URL_OF_HOOK });
    const path = String(made.headers.get('location'));

    const rotated = await client.post(`${path}/rotate`);
    expect(rotated.status).toBe(200);
    expect(rotated.at('secret')).not.toBe(made.at('secret'));
    expect(rotated.at('webhook.oldSecretsExpireAt')).toHaveLength(1);
    const atOnce = await client.post(`${path}/rotate`, { graceSeconds: 0 });
    expect(atOnce.at('webhook.oldSecretsExpireAt')).toHaveLength(1);
  });

  it('endpoints are removed with the account', async () => {
    const { client, user } = await api.user('leaver');
    await client.post('/api/webhooks', { url: URL_OF_HOOK });
    expect((await client.delete(`/api/users/${user.id}`)).status).toBe(200);

    const batchId = '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2d';
    expect(await api.persistence.unitOfWork.read.webhooks.listEnabled(user.id, batchId)).toEqual([]);
  });

  it('the OpenAPI document has a webhook for each message, with its headers', () => {
    const { webhooks } = buildOpenApiDocument({ version: 'test' });

    expect(Object.keys(webhooks ?? {})).toEqual([
      'job.started',
      'job.progress',
      'job.completed',
      'job.failed',
      'job.aborted',
      'webhook.ping',
    ]);
    expect(JSON.stringify(webhooks)).toContain('webhook-signature');
  });
});
