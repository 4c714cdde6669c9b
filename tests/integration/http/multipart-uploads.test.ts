import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { incomingParts, incomingStores } from '../../../src/composition/api-uploads.js';
import { encodeImage } from '../../../src/media/image-codec.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { AbandonedUploads } from '../../../src/services/abandoned-uploads.js';
import { PartLinks } from '../../../src/services/part-links.js';
import { paint } from '../../factories/images/inpainting-images.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { paddedVideo } from '../../factories/videos/padded-video.js';
import { zipOf } from '../../factories/zip/zip-of.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';

const FRAMES = 50;
const FRAME_PRICE = 0.001;
const MEBIBYTE = 2 ** 20;
const BYTES = 12 * MEBIBYTE;
/** The price list's sampled frames and images of inpainting. */
const PAIR_PRICE = 0.65;
const UPLOADS = '/api/uploads/multipart';

interface Part {
  readonly partNumber: number;
  readonly etag: string;
}

describe('uploads in parts', () => {
  let api: TestApi;
  let folder: string;
  let clip: Buffer;
  let video: Buffer;

  beforeAll(async () => {
    api = await startTestApi({
      settings: {
        UPLOADS_PER_USER: '25',
        UPLOAD_MAX_MB: '16',
        UPLOAD_RESUMABLE_MAX_MB: '1024',
        UPLOAD_PER_USER_AND_DAY_MB: '2048',
      },
    });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-parts-'));
    const out = path.join(folder, 'clip.mp4');
    await makeTestVideo({ out, frames: FRAMES });
    clip = await readFile(out);
    video = paddedVideo(clip, BYTES);
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => expect(await api.tempFolders()).toEqual([]));

  async function owner(name: string): Promise<{ client: ApiClient; datasetId: string; userId: string }> {
    const { client, user } = await api.user(name);
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    return { client, datasetId, userId: user.id };
  }

  const credits = async (client: ApiClient) => (await client.get('/api/user/credits')).at('credits');
  const urlsOf = (answer: ApiResponse) => answer.at('urls') as string[];
  const put = (url: string, body: Uint8Array) => fetch(url, { method: 'PUT', body: new Uint8Array(body) });

  const createClip = (client: ApiClient, datasetId: string, more: object = {}) =>
    client.post(UPLOADS, { datasetId, name: 'Clip', extension: 'mp4', size: clip.length, ...more });

  async function sendParts(content: Buffer, created: ApiResponse): Promise<Part[]> {
    const partSize = Number(created.at('partSize'));
    const parts: Part[] = [];
    for (const [index, url] of urlsOf(created).entries()) {
      const part = content.subarray(index * partSize, (index + 1) * partSize);
      const response = await put(url, part);
      expect(response.status).toBe(200);
      parts.push({ partNumber: index + 1, etag: response.headers.get('etag') ?? '' });
    }
    return parts;
  }

  /** The API refuses with status and code; a store has answers of its own. */
  async function expectRefused(answer: Response, ofApi: readonly [number, string]): Promise<void> {
    if (api.storage.kind === 's3') return expect(answer.ok).toBe(false);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual(ofApi);
  }

  const partFiles = () => api.storage.unfinishedParts();

  const sweep = () => {
    const stores = incomingStores(incomingParts(api.storage, Buffer.alloc(0)), api.storage.blobs);
    return new AbandonedUploads(api.persistence.unitOfWork, stores, silentLogger);
  };

  const expire = async (id: string) =>
    api.persistence.database.sequelize.query(
      "UPDATE uploads SET expires_at = now() - interval '1 second' WHERE id = $id",
      { bind: { id } },
    );

  it('joins parts into a video with the same checks, charges it once and answers a repeat alike', async () => {
    const { client, datasetId } = await owner('parts');
    const created = await client.post(UPLOADS, {
      datasetId,
      name: 'Morning Rush Hour',
      extension: 'mp4',
      size: BYTES,
      parts: 2,
    });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({ partSize: 6 * MEBIBYTE, quote: { preset: 'infernode' } });
    expect(created.headers.get('location')).toBe(`${UPLOADS}/${String(created.at('uploadId'))}`);
    // 12 MiB are estimated as one frame for every 32 KiB.
    expect(created.at('quote.total')).toBe(384 * FRAME_PRICE);
    expect(await credits(client)).toBe(100 - 384 * FRAME_PRICE);

    const parts = await sendParts(video, created);
    expect(parts[0].etag).toBe(
      `"${createHash('md5')
        .update(video.subarray(0, 6 * MEBIBYTE))
        .digest('hex')}"`,
    );
    const id = String(created.at('uploadId'));
    expect((await client.get(`${UPLOADS}/${id}`)).at('parts')).toHaveLength(2);
    const completed = await client.post(`${UPLOADS}/${id}/complete`, { parts });
    expect(completed.status).toBe(201);
    const sha256 = createHash('sha256').update(video).digest('hex');
    expect(completed.json).toMatchObject({
      upload: {
        state: 'completed',
        result: { costDeducted: FRAMES * FRAME_PRICE, videos: [{ frame_count: FRAMES, sha256 }] },
      },
    });
    const again = await client.post(`${UPLOADS}/${id}/complete`, { parts });
    expect([again.status, again.json]).toEqual([201, completed.json]);

    expect(await credits(client)).toBe(100 - FRAMES * FRAME_PRICE);
    expect((await client.get(`/api/dataset/${datasetId}`)).at('dataset.videos')).toMatchObject([
      { name: 'Morning Rush Hour', frame_count: FRAMES, bytes: BYTES, sha256 },
    ]);
    expect(await partFiles()).toEqual([]);
    expect((await client.delete(`${UPLOADS}/${id}`)).at('code')).toBe('UPLOAD_COMPLETED');
  });

  it('takes small files in a single part, and parts again: the last one counts', async () => {
    const { client, datasetId } = await owner('small');
    const created = await client.post(UPLOADS, {
      datasetId,
      name: 'Small',
      extension: '.mp4',
      size: clip.length,
    });
    const [url] = urlsOf(created);
    const broken = Buffer.alloc(clip.length, 7);
    expect((await put(url, broken)).status).toBe(200);
    const parts = await sendParts(clip, created);
    expect(await sendParts(clip, created)).toEqual(parts);
    const id = String(created.at('uploadId'));
    const wrong = await client.post(`${UPLOADS}/${id}/complete`, {
      parts: [{ partNumber: 1, etag: createHash('md5').update(broken).digest('hex') }],
    });
    expect([wrong.status, wrong.at('code')]).toEqual([422, 'MULTIPART_PARTS_INVALID']);
    expect((await client.post(`${UPLOADS}/${id}/complete`, { parts })).status).toBe(201);
  });

  it('refuses other sizes, changed and expired URLs, and gives new ones', async () => {
    const { client, datasetId } = await owner('urls');
    const created = await createClip(client, datasetId);
    const id = String(created.at('uploadId'));
    const [url] = urlsOf(created);
    await expectRefused(await put(url, clip.subarray(1)), [422, 'UPLOAD_SIZE_MISMATCH']);
    const invalid = [403, 'UPLOAD_URL_INVALID'] as const;
    const resized = url.replace(/bytes=\d+/, 'bytes=1');
    await expectRefused(await put(resized, Buffer.alloc(1)), invalid);
    const another = url.replace('/parts/1', '/parts/2').replace('partNumber=1', 'partNumber=2');
    await expectRefused(await put(another, clip), invalid);
    if (api.storage.kind === 'disk') {
      const hourAgo = new PartLinks(api.keys.linkKey, () => new Date(Date.now() - 3_600_000));
      const old = hourAgo.sign(id, 1, { expiresSeconds: 1800, bytes: clip.length });
      await expectRefused(await put(`${api.url}${old}`, clip), invalid);
    }
    expect(await partFiles()).toEqual([id]);

    const refreshed = await client.post(`${UPLOADS}/${id}/parts`, { parts: [1] });
    expect(refreshed.status).toBe(200);
    expect((await put(String(refreshed.at('urls.0.url')), clip)).status).toBe(200);
    expect((await client.post(`${UPLOADS}/${id}/parts`, { parts: [2] })).status).toBe(400);
    const incomplete = await client.post(`${UPLOADS}/${id}/complete`, {
      parts: [{ partNumber: 2, etag: 'x' }],
    });
    expect([incomplete.status, incomplete.at('code')]).toEqual([422, 'MULTIPART_PARTS_INVALID']);
    expect((await client.delete(`${UPLOADS}/${id}`)).status).toBe(204);
    expect(await credits(client)).toBe(100);
    expect(await partFiles()).toEqual([]);
    await expectRefused(await put(String(refreshed.at('urls.0.url')), clip), [410, 'UPLOAD_ENDED']);
    expect((await client.delete(`${UPLOADS}/${id}`)).status).toBe(204);
  });

  it('a refused file leaves nothing and costs nothing', async () => {
    const { client, datasetId } = await owner('refused');
    const files = await api.storedFiles();
    const content = Buffer.from('this is not a video '.repeat(40));
    const created = await client.post(UPLOADS, {
      datasetId,
      name: 'Text',
      extension: 'mp4',
      size: content.length,
    });
    const parts = await sendParts(content, created);
    const id = String(created.at('uploadId'));
    const refused = await client.post(`${UPLOADS}/${id}/complete`, { parts });
    expect([refused.status, refused.at('code')]).toEqual([415, 'UNSUPPORTED_TYPE']);
    const again = await client.post(`${UPLOADS}/${id}/complete`, { parts });
    expect([again.status, again.at('code'), again.at('detail')]).toEqual([
      415,
      'UNSUPPORTED_TYPE',
      refused.at('detail'),
    ]);
    expect(await credits(client)).toBe(100);
    expect(await api.storedFiles()).toEqual(files);
    expect((await client.get('/api/user/quota')).at('storage.usedBytes')).toBe(0);
    expect((await client.get(`/api/uploads?state=refused`)).at('data.0.problem.code')).toBe(
      'UNSUPPORTED_TYPE',
    );
  });

  it('an upload that lacks credits shows its parts and is completed later', async () => {
    const { client, datasetId } = await owner('poor');
    const created = await createClip(client, datasetId, { frames: 1 });
    const rest = await createClip(client, datasetId, { frames: 99_999 });
    const parts = await sendParts(clip, created);
    const location = `${UPLOADS}/${String(created.at('uploadId'))}`;
    const refused = await client.post(`${location}/complete`, { parts });
    expect(refused.at('code')).toBe('INSUFFICIENT_CREDITS');
    const shown = await client.get(location);
    expect([shown.status, shown.at('upload.state')]).toEqual([200, 'open']);
    expect(shown.at('parts')).toEqual(parts.map((part) => ({ ...part, bytes: clip.length })));
    await client.delete(`${UPLOADS}/${String(rest.at('uploadId'))}`);
    expect((await client.post(`${location}/complete`, { parts })).status).toBe(201);
    expect(await credits(client)).toBe(100 - FRAMES * FRAME_PRICE);
  });

  it('a newer request for a part ends an older one that has stopped sending', async () => {
    // A store receives parts itself.
    if (api.storage.kind === 's3') return;
    const { client, datasetId } = await owner('stalled');
    const created = await createClip(client, datasetId);
    const [url] = urlsOf(created);
    const stalled = http.request(url, { method: 'PUT', headers: { 'content-length': clip.length } });
    const answered = once(stalled, 'response') as Promise<[http.IncomingMessage]>;
    stalled.write(clip.subarray(0, 1000));
    while (!(await partFiles()).some((name) => name.includes('incoming')));
    expect((await put(url, clip)).status).toBe(200);
    const [ended] = await answered;
    expect([ended.statusCode, JSON.parse(await text(ended))]).toMatchObject([409, { code: 'UPLOAD_BUSY' }]);
    expect((await partFiles()).filter((name) => name.includes('incoming'))).toEqual([]);
    stalled.destroy();
    await client.delete(`${UPLOADS}/${String(created.at('uploadId'))}`);
  });

  it('abandoned uploads end with their parts, holds and reservations', async () => {
    const { client, datasetId, userId } = await owner('abandoned');
    for (let index = 0; index < 20; index += 1) {
      const created = await client.post(UPLOADS, {
        datasetId,
        name: `Clip ${index}`,
        extension: 'mp4',
        size: BYTES,
        parts: 2,
      });
      expect(created.status).toBe(201);
      if (index < 4) await put(urlsOf(created)[0], video.subarray(0, BYTES / 2));
      await expire(String(created.at('uploadId')));
    }
    expect(await credits(client)).toBeCloseTo(100 - 20 * 384 * FRAME_PRICE, 6);
    expect(await sweep().runOnce()).toBe(20);
    expect(await credits(client)).toBe(100);
    expect(await partFiles()).toEqual([]);
    expect(await api.persistence.unitOfWork.read.ledger.sumOfDeltas(userId)).toBe(100_000_000n);
    const [rows] = await api.persistence.database.sequelize.query(
      'SELECT id FROM upload_reservations WHERE user_id = $userId',
      { bind: { userId } },
    );
    expect(rows).toEqual([]);
    const listed = await client.get('/api/uploads?state=expired&limit=5');
    expect(listed.at('data')).toHaveLength(5);
    expect(listed.at('hasMore')).toBe(true);
  });

  it('uploads of a deleted account end', async () => {
    const { client, datasetId, userId } = await owner('deleted');
    const created = await createClip(client, datasetId);
    await client.delete(`/api/users/${userId}`);
    // A store knows no accounts: what it takes until the URL expires is swept.
    expect((await put(urlsOf(created)[0], clip)).status).toBe(api.storage.kind === 's3' ? 200 : 403);
    expect(await sweep().runOnce()).toBe(1);
    expect(await partFiles()).toEqual([]);
  });

  it('checks quotas, credits and the number of uploads before any byte', async () => {
    const { client, datasetId, userId } = await owner('limits');
    const create = (size: number, more = {}) =>
      client.post(UPLOADS, { datasetId, name: 'Clip', extension: 'mp4', size, ...more });
    const large = await create(1024 * MEBIBYTE + 1);
    expect([large.status, large.at('code')]).toEqual([413, 'FILE_TOO_LARGE']);
    const dear = await create(BYTES, { frames: 100_001 });
    expect([dear.status, dear.at('code')]).toEqual([401, 'INSUFFICIENT_CREDITS']);
    await api.persistence.unitOfWork.run(({ quotas }) =>
      quotas.setOverrides(userId, { storageBytes: 2 * BYTES }),
    );
    expect((await create(BYTES)).status).toBe(201);
    expect((await create(BYTES)).status).toBe(201);
    const full = await create(1);
    expect([full.status, full.at('code')]).toEqual([413, 'STORAGE_QUOTA_EXCEEDED']);
    await api.persistence.unitOfWork.run(({ quotas }) => quotas.setOverrides(userId, { storageBytes: 0 }));
    for (let index = 2; index < 25; index += 1) expect((await create(1)).status).toBe(201);
    const many = await create(1);
    expect([many.status, many.at('code')]).toEqual([429, 'TOO_MANY_UPLOADS']);
    expect((await create(BYTES, { parts: 5 })).status).toBe(400);
    expect((await client.post(UPLOADS, { datasetId, name: 'Clip' })).status).toBe(400);
    expect((await create(1, { datasetName: 'Clips' })).status).toBe(400);
    expect((await partFiles()).length).toBe(25);
    await client.delete(`/api/users/${userId}`);
    expect(await sweep().runOnce()).toBe(25);
  });

  it('is invisible to other users and needs the scope of its datasets', async () => {
    const { client, datasetId } = await owner('mine');
    const other = await api.user('other');
    const created = await createClip(client, datasetId);
    const id = String(created.at('uploadId'));
    const parts = await sendParts(clip, created);
    for (const answer of [
      await other.client.get(`${UPLOADS}/${id}`),
      await other.client.post(`${UPLOADS}/${id}/parts`),
      await other.client.post(`${UPLOADS}/${id}/complete`, { parts }),
      await other.client.delete(`${UPLOADS}/${id}`),
      await other.client.post(UPLOADS, { datasetId, name: 'Clip', size: 1 }),
    ])
      expect([answer.status, answer.at('code')]).toEqual([404, 'NOT_FOUND']);
    expect((await other.client.get('/api/uploads')).at('data')).toEqual([]);
    const key = await client.post('/api/keys', { name: 'reader', scopes: ['datasets:read'] });
    const headers = { 'x-api-key': String(key.at('secret')) };
    const reading = await api.anonymous.call('GET', `${UPLOADS}/${id}`, { headers });
    expect(reading.status).toBe(200);
    const writing = await api.anonymous.call('DELETE', `${UPLOADS}/${id}`, { headers });
    expect([writing.status, writing.at('code')]).toEqual([403, 'SCOPE_MISSING']);
    await client.delete(`${UPLOADS}/${id}`);
  });

  it('creates an upload once for an idempotency key', async () => {
    const { client, datasetId } = await owner('once');
    const key = { 'idempotency-key': randomUUID() };
    const body = { datasetId, name: 'Clip', extension: 'mp4', size: clip.length };
    const [one, two] = [await client.post(UPLOADS, body, key), await client.post(UPLOADS, body, key)];
    expect(two.json).toEqual(one.json);
    expect((await client.get('/api/uploads')).at('data')).toHaveLength(1);
    await client.delete(`${UPLOADS}/${String(one.at('uploadId'))}`);
  });

  it('joins an image and its mask whatever the order of their arrival', async () => {
    const { client } = await owner('pairs');
    await client.post('/api/datasets', { name: 'Pairs', tags: [] });
    const size = { width: 64, height: 48 };
    const image = await plainImage([90, 120, 30], size);
    const hole = paint(size.width, size.height, (x, y) => (x < 16 && y < 16 ? [255, 255, 255] : [0, 0, 0]));
    const mask = await encodeImage(hole, { format: 'png' });
    const start = (content: Buffer, fields: object) =>
      client.post(UPLOADS, { datasetName: 'Pairs', extension: 'png', size: content.length, ...fields });
    const source = await start(image, { name: 'photo.png', role: 'source' });
    const sourceUploadId = String(source.at('uploadId'));
    expect(source.at('quote.total')).toBe(PAIR_PRICE);
    const masked = await start(mask, { name: 'photo_mask.png', role: 'mask', sourceUploadId });
    expect(masked.at('quote.total')).toBe(0);
    const twice = await start(mask, { name: 'second_mask.png', role: 'mask', sourceUploadId });
    expect(twice.status).toBe(400);
    // The parts of a waiting upload may be sent again, and count once they are listed again.
    for (const content of [Buffer.alloc(mask.length, 7), mask]) {
      const waiting = await client.post(`${UPLOADS}/${String(masked.at('uploadId'))}/complete`, {
        parts: await sendParts(content, masked),
      });
      expect([waiting.status, waiting.at('upload.state')]).toEqual([202, 'received']);
    }
    const parts = await sendParts(image, source);
    const done = await client.post(`${UPLOADS}/${sourceUploadId}/complete`, { parts });
    expect([done.status, done.at('upload.result.tokenSpent')]).toEqual([201, PAIR_PRICE]);
    expect((await client.get(`${UPLOADS}/${String(masked.at('uploadId'))}`)).at('upload.state')).toBe(
      'completed',
    );
    const listed = await client.get('/api/datasets/Pairs/data');
    expect(listed.at('data.totalItems')).toBe(1);
    expect(await credits(client)).toBe(100 - PAIR_PRICE);
    expect(await partFiles()).toEqual([]);
  });

  it('unpacks archives, and images keep their own price', async () => {
    const { client, datasetId } = await owner('archives');
    const image = await plainImage([9, 9, 9], { width: 32, height: 32 });
    const archive = await zipOf(folder, { 'a.png': image, 'b.png': image });
    const files = (await api.storedFiles()).length;
    const created = await client.post(UPLOADS, {
      datasetId,
      name: 'Photos',
      extension: 'zip',
      kind: 'images',
      size: archive.length,
    });
    const parts = await sendParts(archive, created);
    const done = await client.post(`${UPLOADS}/${String(created.at('uploadId'))}/complete`, { parts });
    expect(done.at('upload.result.images')).toHaveLength(2);
    // The archive itself is not kept.
    expect((await api.storedFiles()).length).toBe(files + 2);
  });
});
