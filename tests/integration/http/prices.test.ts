import { PricingService } from '../../../src/services/pricing.service.js';
import { addVideos, SEEDED_FRAMES } from '../../support/api-seeds.js';
import type { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';

interface Listed {
  readonly preset: string;
  readonly version: number;
  readonly effectiveFrom: string | null;
  readonly prices: Readonly<Record<string, number>>;
  readonly scheduled: readonly Listed[];
}

describe('prices', () => {
  let api: TestApi;
  let admin: ApiClient;
  let client: ApiClient;
  let datasetId: string;

  beforeAll(async () => {
    api = await startTestApi();
    ({ client: admin } = await api.user('admin', 'admin'));
    const owner = await api.user('owner');
    ({ client } = owner);
    datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: owner.user.id }, 1);
  });
  afterAll(() => api.close());

  const change = (body: Record<string, unknown>) =>
    admin.post('/api/admin/prices', { preset: 'infernode', ...body });
  const listed = async (preset = 'infernode') => {
    const all = (await client.get('/api/prices')).at('data') as Listed[];
    const found = all.find((entry) => entry.preset === preset);
    if (!found) throw new Error(`${preset} is not listed`);
    return found;
  };
  const versions = async () => Number((await admin.get('/api/admin/prices?limit=1')).at('totalItems'));
  const estimate = async () => {
    const quote = await client.post('/api/inference/estimate', {
      datasetId,
      parameters: { detector: 'ORB' },
    });
    return [quote.at('quote.version'), quote.at('quote.lines.0.unitPrice')];
  };
  const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();

  it('are those of the product until an admin changes them', async () => {
    expect(await listed('inpainting')).toEqual({
      preset: 'inpainting',
      version: 1,
      effectiveFrom: null,
      prices: {
        'upload.image': 0.65,
        'upload.video_frame': 0.4,
        'upload.zip_file': 0.7,
        'inference.image': 2.75,
        'inference.video_frame': 1.5,
      },
      scheduled: [],
    });
    expect((await api.anonymous.get('/api/prices')).status).toBe(401);
    expect((await client.post('/api/admin/prices', {})).status).toBe(403);
  });

  it('change for new quotes; a job is charged at those of its quote', async () => {
    const job = await client.post('/api/inference', { datasetId, parameters: { detector: 'ORB' } });
    const made = await change({ prices: { 'inference.video_frame': 0.000001 }, note: 'A test' });
    expect([made.status, made.at('version'), made.at('note')]).toEqual([201, 2, 'A test']);
    expect(made.at('createdBy')).toBe('admin@example.com');
    expect(await estimate()).toEqual([2, 0.000001]);
    // The other units keep their prices.
    expect((await listed()).prices).toMatchObject({
      'inference.image': 0.002,
      'inference.video_frame': 0.000001,
    });
    const { jobs, prices } = api.persistence.unitOfWork.read;
    const row = await jobs.findById(String(job.at('jobId.0')));
    if (!row) throw new Error('no job');
    const used = { 'inference.video_frame': SEEDED_FRAMES };
    expect(await new PricingService(prices).charge(row, used)).toBe(BigInt(SEEDED_FRAMES) * 2000n);
    const audit = await admin.get('/api/admin/audit?action=createPriceVersion&limit=1');
    expect(audit.at('data.entries.0.subject.body')).toMatchObject({
      preset: 'infernode',
      prices: { 'inference.video_frame': 0.000001 },
    });
  });

  it('can be scheduled, and replaced before they apply', async () => {
    const before = await listed();
    const [soon, later] = [days(1), days(2)];
    await change({ prices: { 'inference.image': 9 }, effectiveFrom: later });
    await change({ prices: { 'inference.image': 5 }, effectiveFrom: soon });
    await change({ prices: { 'inference.image': 6 }, effectiveFrom: soon });
    const now = await listed();
    expect([now.version, now.prices]).toEqual([before.version, before.prices]);
    expect(
      now.scheduled.map(({ prices, effectiveFrom }) => [prices['inference.image'], effectiveFrom]),
    ).toEqual([
      [5, soon],
      [6, soon],
      [9, later],
    ]);
    const { prices } = api.persistence.unitOfWork.read;
    const at = async (time: string) =>
      (await prices.current('infernode', new Date(time))).prices['inference.image'];
    expect([await at(soon), await at(days(1.5)), await at(later)]).toEqual([
      6_000_000n,
      6_000_000n,
      9_000_000n,
    ]);
    // What changes now does not change what is scheduled.
    await change({ prices: { 'inference.image': 0.003 } });
    expect((await listed()).prices['inference.image']).toBe(0.003);
    expect(await at(later)).toBe(9_000_000n);
    const history = (await admin.get('/api/admin/prices?preset=infernode&limit=2')).at('data') as Listed[];
    expect(history.map((row) => row.prices['inference.image'])).toEqual([9, 6]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['seven decimals', { prices: { 'inference.image': 0.0000001 } }, '/prices/inference.image'],
    ['a negative price', { prices: { 'inference.image': -1 } }, '/prices/inference.image'],
    ['a price beyond the limit', { prices: { 'inference.image': 1e6 + 1 } }, '/prices/inference.image'],
    ['a text', { prices: { 'inference.image': '1' } }, '/prices/inference.image'],
    ['an unknown unit', { prices: { 'inference.megapixel': 1 } }, '/prices/inference.megapixel'],
    ['no price', { prices: {} }, '/prices'],
    ['an unknown preset', { preset: 'gold', prices: { 'inference.image': 1 } }, '/preset'],
    ['a time in the past', { prices: { 'inference.image': 1 }, effectiveFrom: days(-1) }, '/effectiveFrom'],
    [
      'a time too far ahead',
      { prices: { 'inference.image': 1 }, effectiveFrom: days(367) },
      '/effectiveFrom',
    ],
  ])('refuse %s', async (_name, body, pointer) => {
    const before = await versions();
    const refused = await change(body);
    expect([refused.status, refused.at('errors.0.pointer')]).toEqual([400, pointer]);
    expect(await versions()).toBe(before);
  });

  it('get numbers of their own from admins who change them at the same time', async () => {
    const before = await versions();
    const made = await Promise.all(
      [1, 2, 3, 4].map((price) => change({ prices: { 'upload.image': price } })),
    );
    expect(new Set(made.map((answer) => answer.at('version'))).size).toBe(4);
    expect(await versions()).toBe(before + 4);
  });

  it('are changed once by a repeated request', async () => {
    const before = await versions();
    const body = { preset: 'infernode', prices: { 'upload.image': 0.5 } };
    const key = { 'Idempotency-Key': 'raise' };
    const first = await admin.post('/api/admin/prices', body, key);
    const second = await admin.post('/api/admin/prices', body, key);
    expect(second.json).toEqual(first.json);
    expect(await versions()).toBe(before + 1);
  });
});
