import path from 'node:path';
import { v7 as uuid } from 'uuid';
import { NetworkRights } from '../../../src/services/network-rights.service.js';
import { addVideos } from '../../support/api-seeds.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';

const MISSING = 'no-such-network';
const IMAGE = { type: 'image', data: Buffer.from('no image').toString('base64') };

describe('rights to networks', () => {
  let api: TestApi;
  let admin: ApiClient;
  let guest: { client: ApiClient; id: string; datasetId: string };
  let stranger: ApiClient;

  beforeAll(async () => {
    api = await startTestApi({ modelsDirectory: path.resolve('models') });
    ({ client: admin } = await api.user('admin', 'admin'));
    const { client, user } = await api.user('guest');
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    guest = { client, id: user.id, datasetId };
    ({ client: stranger } = await api.user('stranger'));
  });
  afterAll(() => api.close());

  const restrict = (id: string, userIds: readonly string[]) =>
    admin.put(`/api/admin/models/${id}/rights`, { restricted: true, userIds });
  const open = (id: string) => admin.put(`/api/admin/models/${id}/rights`, { restricted: false });
  const outcome = ({ status, at }: ApiResponse) => [status, at('code')];
  const listed = async (client: ApiClient) =>
    ((await client.get('/api/models')).at('models') as { id: string }[]).map(({ id }) => id);

  /** Everything that a client can do with a classification network. */
  const uses: readonly (readonly [string, (client: ApiClient, id: string) => Promise<ApiResponse>])[] = [
    ['its description', (client, id) => client.get(`/api/models/${id}`)],
    [
      'a quote',
      (client, id) => client.post('/api/inference/execute?dryRun=true', { model_id: id, input: IMAGE }),
    ],
    ['an image', (client, id) => client.post('/api/inference/execute', { model_id: id, input: IMAGE })],
    [
      'images',
      (client, id) => client.post('/api/inference/batch', { model_id: id, inputs: [{ input: IMAGE }] }),
    ],
    ['its inputs under /v2', (client, id) => client.get(`/v2/models/${id}`)],
    ['whether it is ready under /v2', (client, id) => client.get(`/v2/models/${id}/ready`)],
    [
      'tensors under /v2',
      (client, id) =>
        client.post(`/v2/models/${id}/infer`, {
          inputs: [{ name: 'input', shape: [1], datatype: 'FP32', data: [0] }],
        }),
    ],
  ];

  it.each(uses)('refuse %s as if the network were missing', async (_name, use) => {
    await restrict('shapes', [guest.id]);
    const [refused, missing] = [await use(stranger, 'shapes'), await use(stranger, MISSING)];
    expect(outcome(refused)).toEqual(outcome(missing));
    expect(String(refused.at('message')).replaceAll('shapes', MISSING)).toBe(missing.at('message'));
    // The right to use it is worth the same as no restriction.
    const granted = await use(guest.client, 'shapes');
    expect(granted.at('code')).not.toBe('NETWORK_NOT_FOUND');
    await open('shapes');
    expect((await use(stranger, 'shapes')).status).toBe(granted.status);
  });

  it('hide the network in lists, except from admins and those who may use it', async () => {
    await restrict('shapes', [guest.id]);
    expect(await listed(stranger)).not.toContain('shapes');
    expect(await listed(stranger)).toContain('cns');
    expect(await listed(guest.client)).toContain('shapes');
    expect(await listed(admin)).toContain('shapes');
    const index = await stranger.post('/v2/repository/index', {});
    expect(index.text).not.toContain('"shapes"');
    await guest.client.post('/api/inference/execute', { model_id: 'shapes', input: IMAGE });
    const used = async (client: ApiClient) =>
      (await client.get('/api/inference/status')).text.includes('"shapes"');
    expect([await used(guest.client), await used(stranger)]).toEqual([true, false]);
    await open('shapes');
    expect(await listed(stranger)).toContain('shapes');
  });

  it('hold for jobs: quotes, new ones and retries; jobs from before go on', async () => {
    const body = { datasetId: guest.datasetId, parameters: { detector: 'ORB' } };
    const { client } = guest;
    const before = String((await client.post('/api/inference', body)).at('jobId.0'));
    await client.post(`/api/jobs/${before}/cancel`);
    const waiting = String((await client.post('/api/inference', body)).at('jobId.0'));
    await restrict('cns', []);
    const credits = (await client.get('/api/user/credits')).at('credits');
    for (const refused of [
      await client.post('/api/inference/estimate', body),
      await client.post('/api/inference', body),
      await client.post(`/api/jobs/${before}/retry`),
    ])
      expect(outcome(refused)).toEqual([404, 'NETWORK_NOT_FOUND']);
    const bulk = await client.post('/api/jobs/retry', { ids: [before] });
    expect(bulk.at('results.0.error.code')).toBe('NETWORK_NOT_FOUND');
    expect((await client.get('/api/user/credits')).at('credits')).toBe(credits);
    expect((await client.get(`/api/jobs/${waiting}`)).at('status')).toBe('PENDING');
    // A policy without a network needs none.
    const ibvs = { ...body, parameters: { detector: 'ORB', policy: 'ibvs' } };
    expect((await client.post('/api/inference/estimate', ibvs)).status).toBe(200);
    await restrict('cns', [guest.id]);
    expect((await client.post('/api/inference/estimate', body)).status).toBe(200);
    await open('cns');
  });

  it('hold for live sessions', async () => {
    await restrict('cns', [guest.id]);
    const goal = { mediaId: uuid(), frame: 0 };
    const session = (client: ApiClient) =>
      client.post('/api/servo/sessions', { goal, intrinsics: { fx: 500, fy: 500, cx: 320, cy: 240 } });
    expect(outcome(await session(stranger))).toEqual([404, 'NETWORK_NOT_FOUND']);
    expect((await session(guest.client)).at('code')).not.toBe('NETWORK_NOT_FOUND');
    await open('cns');
  });

  it('hold for the API keys of a user, and for those of admins without their scope', async () => {
    await restrict('shapes', []);
    const { at } = await admin.post('/api/keys', { name: 'catalogue', scopes: ['classify'] });
    const headers = { authorization: `Api-Key ${String(at('secret'))}` };
    const answer = await api.anonymous.get('/api/models/shapes', { headers });
    expect(outcome(answer)).toEqual([404, 'NETWORK_NOT_FOUND']);
    await open('shapes');
  });

  it('are listed and changed by admins alone, with an entry in the audit log', async () => {
    expect((await stranger.get('/api/admin/models/shapes/rights')).status).toBe(403);
    expect((await stranger.put('/api/admin/models/shapes/rights', { restricted: false })).status).toBe(403);
    const changed = await restrict('not-installed-yet', [guest.id, guest.id]);
    expect(changed.json).toMatchObject({ restricted: true, userIds: [guest.id] });
    const list = await admin.get('/api/admin/models/rights');
    expect(list.at('data')).toEqual([changed.json]);
    const audit = await admin.get('/api/admin/audit?action=setNetworkRights&limit=1');
    expect(audit.at('data.entries.0.subject')).toMatchObject({
      params: { id: 'not-installed-yet' },
      body: { restricted: true, userIds: [guest.id] },
    });
    expect((await open('not-installed-yet')).json).toEqual({
      id: 'not-installed-yet',
      restricted: false,
      userIds: [],
      updatedAt: null,
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a user who does not exist', { restricted: true, userIds: [uuid()] }, '/userIds/0'],
    ['users of an open network', { restricted: false, userIds: [uuid()] }, '/userIds'],
    ['too many users', { restricted: true, userIds: Array.from({ length: 1001 }, () => uuid()) }, '/userIds'],
    ['nothing', {}, '/restricted'],
  ])('refuse %s', async (_name, body, pointer) => {
    const refused = await admin.put('/api/admin/models/shapes/rights', body);
    expect([refused.status, refused.at('errors.0.pointer')]).toEqual([400, pointer]);
    expect((await admin.get('/api/admin/models/shapes/rights')).at('restricted')).toBe(false);
  });

  it('reach other processes within a second', async () => {
    let now = 0;
    const other = new NetworkRights(api.persistence.unitOfWork.read.networkRights, () => now);
    const user = { userId: guest.id, role: 'user' } as const;
    await other.require(user, 'shapes');
    await restrict('shapes', []);
    now = 1000;
    await expect(other.require(user, 'shapes')).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' });
    // A right is not cached.
    await restrict('shapes', [guest.id]);
    await other.require(user, 'shapes');
    await open('shapes');
  });
});
