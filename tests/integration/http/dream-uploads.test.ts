import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { startTestApi, type TestApi } from '../../support/api.js';

const FRAMES = 12;

describe('uploads of clients that call videos dreams', () => {
  let api: TestApi;
  let folder: string;
  let clip: Buffer;

  beforeAll(async () => {
    api = await startTestApi();
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-dreams-'));
    const out = path.join(folder, 'clip.mp4');
    await makeTestVideo({ out, frames: FRAMES });
    clip = await readFile(out);
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are sent in parts below their own base path', async () => {
    const { client } = await api.user('dreams');
    const base = '/api/v1/dream';
    const created = await client.post(`${base}/create-multipart-upload`, {
      name: 'Waves',
      extension: 'mp4',
      nsfw: false,
      parts: 1,
    });
    expect(created.json).toMatchObject({ success: true, data: { dream: { name: 'Waves', status: 'none' } } });
    const uploadId = String(created.at('data.uploadId'));
    const dream = `${base}/${String(created.at('data.dream.uuid'))}`;
    const refreshed = await client.post(`${dream}/refresh-multipart-upload-url`, {
      type: 'dream',
      uploadId,
      part: 1,
      extension: 'mp4',
    });
    for (const url of [created.at('data.urls.0'), refreshed.at('data.url')]) {
      const init = { method: 'PUT', headers: { 'content-type': 'mp4' }, body: new Uint8Array(clip) };
      expect((await fetch(String(url), init)).status).toBe(200);
    }
    const ETag = createHash('md5').update(clip).digest('hex');
    const body = {
      type: 'dream',
      uploadId,
      extension: 'mp4',
      name: 'Waves',
      parts: [{ ETag, PartNumber: 1 }],
    };
    const completed = await client.post(`${dream}/complete-multipart-upload`, body);
    expect(completed.at('data.dream')).toMatchObject({ status: 'processed', processedVideoFrames: FRAMES });
    const [dataset] = (await client.get('/api/dataset')).at('datasets') as { id: string; name: string }[];
    expect(dataset.name).toBe('Dreams');
    expect((await client.get(`/api/dataset/${dataset.id}`)).at('dataset.videos.0.id')).toBe(
      completed.at('data.dream.video'),
    );
    const second = await client.post(`${base}/create-multipart-upload`, {
      name: 'Two',
      extension: 'mp4',
      parts: 2,
    });
    const other = String(second.at('data.uploadId'));
    const aborted = await client.post(`${base}/${other}/abort-multipart-upload`, { uploadId: other });
    expect([aborted.status, aborted.at('success')]).toEqual([200, true]);
  });

  it('count in the quotas with their last part when it arrives', async () => {
    const { client, user } = await api.user('unsized');
    const setQuota = (storageBytes: number) =>
      api.persistence.unitOfWork.run(({ quotas }) => quotas.setOverrides(user.id, { storageBytes }));
    const create = () =>
      client.post('/api/uploads/multipart', {
        datasetName: 'Waves',
        name: 'Waves',
        extension: 'mp4',
        parts: 1,
      });
    const put = (url: unknown, bytes: Buffer) =>
      fetch(String(url), { method: 'PUT', body: new Uint8Array(bytes) });
    await client.post('/api/dataset', { name: 'Waves' });
    await setQuota(clip.length + 10);
    const created = await create();
    const sent = await put(created.at('urls.0'), clip);
    expect(sent.status).toBe(200);
    // A bucket receives the parts itself: they are counted when they are joined.
    if (api.storage.kind === 'disk') {
      const second = await create();
      const refused = await put(second.at('urls.0'), clip);
      expect([refused.status, await refused.json()]).toMatchObject([413, { code: 'STORAGE_QUOTA_EXCEEDED' }]);
      await client.delete(`/api/uploads/multipart/${String(second.at('uploadId'))}`);
    }
    const parts = [{ partNumber: 1, etag: sent.headers.get('etag') }];
    const uploadId = String(created.at('uploadId'));
    const done = await client.post(`/api/uploads/multipart/${uploadId}/complete`, { parts });
    expect([done.status, done.at('code')]).toEqual([201, undefined]);
  });

  it('are refused without a byte, with the code of an empty file', async () => {
    const { client } = await api.user('empty');
    await client.post('/api/dataset', { name: 'Waves' });
    const upload = { datasetName: 'Waves', name: 'Waves', extension: 'mp4', size: 0 };
    const empty = await client.post('/api/uploads/multipart', upload);
    expect([empty.status, empty.at('code')]).toEqual([422, 'EMPTY_FILE']);
  });
});
