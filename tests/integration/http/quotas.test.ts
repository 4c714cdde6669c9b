import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { ApiClient, type ApiResponse } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';

const MEBIBYTE = 1024 * 1024;
const REQUESTS = 200;

let apis: readonly [TestApi, TestApi];
let admin: ApiClient;
let image: Buffer;

interface Owner {
  readonly clients: readonly [ApiClient, ApiClient];
  readonly userId: string;
  readonly datasetId: string;
}

async function owner(name: string): Promise<Owner> {
  const { client, user, token } = await apis[0].user(name);
  const datasetId = String((await client.post('/api/dataset', { name: 'Pictures' })).at('dataset.id'));
  return { clients: [client, new ApiClient(apis[1].url, token)], userId: user.id, datasetId };
}

const setLimits = (userId: string, limits: object): Promise<ApiResponse> =>
  admin.put(`/api/admin/users/${userId}/limits`, limits);

function upload({ clients, datasetId }: Owner, index = 0, content = image): Promise<ApiResponse> {
  const form = new FormData();
  form.append('name', `picture ${index}`);
  form.append('type', 'image');
  form.append('content', new Blob([new Uint8Array(content)]), 'x.png');
  return clients[index % 2].call('POST', `/api/dataset/${datasetId}/images`, { body: form });
}

const quotaOf = async ({ clients }: Owner): Promise<ApiResponse> => clients[1].get('/api/user/quota');

const codesOf = (answers: readonly ApiResponse[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const code = answer.status < 300 ? String(answer.status) : String(answer.at('code'));
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
};

describe('quotas over two api processes', () => {
  beforeAll(async () => {
    const first = await startTestApi({ countMaxWaitMs: 60_000 });
    const { database } = first.persistence;
    apis = [first, await startTestApi({ database, countMaxWaitMs: 60_000 })];
    admin = (await first.user('chief', 'admin')).client;
    const noise = { width: 64, height: 64, channels: 3 as const };
    image = await sharp(randomBytes(64 * 64 * 3), { raw: noise })
      .png()
      .toBuffer();
  });

  afterAll(async () => {
    await apis[1].close();
    await apis[0].close();
  });

  it('a new user may store 10 GiB and upload 1 GiB per day, until 07:00 UTC', async () => {
    const user = await owner('new');
    const before = Date.now();

    const { json } = await quotaOf(user);

    expect(json).toMatchObject({
      storage: { limitBytes: 10_240 * MEBIBYTE, usedBytes: 0, leftBytes: 10_240 * MEBIBYTE },
      uploadPerDay: { limitBytes: 1024 * MEBIBYTE, usedBytes: 0, reservedBytes: 0 },
      waitingJobs: { limit: 100, used: 0, left: 100 },
      runningJobs: { limit: null, used: 0, left: null },
      requestsPerMinute: { limit: null, left: null },
      weight: 1,
    });
    const resetsAt = new Date((json as { uploadPerDay: { resetsAt: string } }).uploadPerDay.resetsAt);
    expect(resetsAt.toISOString()).toMatch(/T07:00:00.000Z$/);
    expect(resetsAt.getTime() - before).toBeGreaterThan(0);
    expect(resetsAt.getTime() - before).toBeLessThanOrEqual(24 * 3_600_000);
  });

  it('of 200 uploads at once exactly those are stored that the day allows, and failed ones count nothing', async () => {
    const user = await owner('uploads');
    // A form around the file takes less than one more kilobyte.
    await setLimits(user.userId, { uploadBytesPerDay: 5 * (image.length + 1024) });

    const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, index) => upload(user, index)));

    expect(codesOf(answers)).toEqual({ 201: 5, UPLOAD_QUOTA_EXCEEDED: REQUESTS - 5 });
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused?.at('limit')).toBe(5 * (image.length + 1024));
    expect((await quotaOf(user)).json).toMatchObject({
      uploadPerDay: { usedBytes: 5 * image.length, reservedBytes: 0 },
    });
    const sql = `UPDATE user_usage SET upload_day = upload_day - 1 WHERE user_id = '${user.userId}'`;
    await apis[0].persistence.database.sequelize.query(sql);
    expect((await upload(user)).status).toBe(201);
  });

  it('of 200 uploads at once exactly those are stored for which there is storage; deleting a dataset frees it', async () => {
    const user = await owner('storage');
    const stored = (await upload(user)).status;
    const { usedBytes } = (await quotaOf(user)).at('storage') as { usedBytes: number };
    await setLimits(user.userId, { storageBytes: 4 * Math.max(usedBytes, image.length + 1024) });

    const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, index) => upload(user, index)));

    expect([stored, codesOf(answers)]).toEqual([201, { 201: 3, STORAGE_QUOTA_EXCEEDED: REQUESTS - 3 }]);
    expect(answers.find(({ status }) => status !== 201)?.status).toBe(413);
    expect((await quotaOf(user)).at('storage.usedBytes')).toBe(4 * usedBytes);
    await user.clients[0].delete(`/api/dataset/${user.datasetId}`);
    expect((await quotaOf(user)).at('storage.usedBytes')).toBe(0);
  });

  it('an upload that fails gives its reservation back', async () => {
    const user = await owner('failing');
    await setLimits(user.userId, { uploadBytesPerDay: 10_000, storageBytes: 10_000 });

    const answers = [
      await upload(user, 0, Buffer.from('no picture')),
      await upload(user, 1, randomBytes(500)),
    ];

    expect(answers.map(({ status }) => status < 500 && status >= 400)).toEqual([true, true]);
    expect((await quotaOf(user)).json).toMatchObject({
      storage: { usedBytes: 0, reservedBytes: 0 },
      uploadPerDay: { usedBytes: 0, reservedBytes: 0 },
    });
  });

  it('an upload larger than a whole day is refused for good, and one of no announced size before it starts', async () => {
    const user = await owner('large');
    await setLimits(user.userId, { uploadBytesPerDay: 100 });
    const large = await upload(user);
    expect([large.status, large.at('code')]).toEqual([413, 'FILE_TOO_LARGE']);

    await setLimits(user.userId, { uploadBytesPerDay: null, storageBytes: image.length + 5000 });
    expect((await upload(user)).status).toBe(201);
    const second = await upload(user);
    expect([second.status, second.at('code')]).toEqual([413, 'STORAGE_QUOTA_EXCEEDED']);
    expect(second.at('left')).toBeLessThan(image.length);
  });

  it('of 200 requests at once of one user exactly the allowed ones are answered', async () => {
    const user = await owner('requests');
    await setLimits(user.userId, { requestsPerMinute: 50 });

    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, index) => user.clients[index % 2].get('/api/user/credits')),
    );

    const { 200: allowed, REQUEST_QUOTA_EXCEEDED: refused } = codesOf(answers);
    expect([allowed, refused]).toEqual([50, REQUESTS - 50]);
    expect(Number(answers.find(({ status }) => status === 429)?.headers.get('retry-after'))).toBeGreaterThan(
      0,
    );
  });

  it('limits are changed by admins alone, and only those that are sent', async () => {
    const user = await owner('limited');
    expect((await user.clients[0].put(`/api/admin/users/${user.userId}/limits`, {})).status).toBe(403);
    await setLimits(user.userId, { waitingJobs: 3, weight: 2 });

    const changed = await setLimits(user.userId, { waitingJobs: null, storageBytes: 0 });

    expect(changed.json).toMatchObject({
      overrides: { waitingJobs: null, storageBytes: 0, weight: 2 },
      limits: { waitingJobs: 100, storageBytes: 0, weight: 2 },
    });
    expect((await admin.get(`/api/admin/users/${user.userId}/limits`)).json).toEqual(changed.json);
    for (const limits of [{ weight: 0 }, { storageBytes: -1 }, { runningJobs: 1.5 }, { x: 1 }])
      expect((await setLimits(user.userId, limits)).status).toBe(400);
  });
});
