import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { gradient, pngOf, rectangleMask } from '../../support/inpainting-run.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { zipOf } from '../../factories/zip/zip-of.js';

const size = { width: 64, height: 48 };
/** FFmpeg's filter that paints a box; a colour follows. */
const BOX = 'drawbox=x=10:y=10:w=8:h=8:t=fill:c=';
const box = { left: 10, top: 10, right: 26, bottom: 22 };

describe('datasets by name', () => {
  let api: TestApi;
  let folder: string;
  let image: Buffer;
  let mask: Buffer;
  let clip: Buffer;
  let maskClip: Buffer;

  beforeAll(async () => {
    api = await startTestApi();
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-pairs-'));
    image = await pngOf(gradient(size.width, size.height), size);
    mask = await pngOf(rectangleMask(size, box), size);
    const out = path.join(folder, 'clip.mp4');
    const painted = path.join(folder, 'painted.mp4');
    // 2.4 seconds: shown at 0, 1 and 2 seconds.
    await makeTestVideo({ out, frames: 60, ...size });
    clip = await readFile(out);
    await makeTestVideo({ out: painted, frames: 60, ...size, source: 'color=black', filter: `${BOX}white` });
    maskClip = await readFile(painted);
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => expect(await api.tempFolders()).toEqual([]));

  type Files = Readonly<Record<string, [content: Uint8Array | string, filename: string]>>;

  function upload(
    client: ApiClient,
    files: Files,
    { query = '', ...fields }: Record<string, string> = {},
  ): Promise<ApiResponse> {
    const body = new FormData();
    for (const [name, value] of Object.entries({ datasetName: 'Pairs', ...fields })) body.append(name, value);
    for (const [name, [content, filename]] of Object.entries(files))
      body.append(
        name,
        new Blob([typeof content === 'string' ? content : new Uint8Array(content)]),
        filename,
      );
    return client.call('POST', `/api/datasets/data${query}`, { body });
  }

  async function owner(name: string): Promise<ApiClient> {
    const { client } = await api.user(name);
    await client.post('/api/datasets', { name: 'Pairs', tags: ['Mask'] });
    return client;
  }

  const balance = async (client: ApiClient) => (await client.get('/api/users/tokens')).at('data.balance');
  const pairOf = (): Files => ({ image: [image, 'cat.png'], mask: [mask, 'cat_mask.png'] });

  async function open(url: unknown, init: RequestInit = {}) {
    const answer = await fetch(String(url), init);
    return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
  }

  it('an empty mask and empty texts count as not given', async () => {
    const client = await owner('empty-fields');
    const zip = await zipOf(folder, { 'a/image_1.png': image, 'a/mask_1.png': mask });
    const answer = await upload(client, { image: [zip, 'groups.zip'] }, { mask: '', fps: '', strict: '' });
    expect([answer.status, answer.at('processedItems')]).toEqual([201, 1]);
  });

  it('live from creation to deletion', async () => {
    const { client, user } = await api.user('lister');
    const tags = ['Inpainting', 'Damage'];
    const created = await client.post('/api/datasets', { name: 'My set / 1', tags });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      success: true,
      message: 'Empty dataset created successfully',
      dataset: {
        userId: user.id,
        name: 'My set / 1',
        tags,
        data: null,
        isDeleted: false,
        nextUploadIndex: 1,
      },
    });
    const where = `/api/datasets/${encodeURIComponent('My set / 1')}`;
    expect((await client.post('/api/datasets', { name: 'My set / 1' })).status).toBe(409);
    expect((await client.get(where)).at('data.type')).toBe('empty');
    expect((await client.get('/api/datasets')).json).toMatchObject({
      data: [{ name: 'My set / 1', itemCount: 0, type: 'empty', status: 'active', deletedAt: null }],
      totalItems: 1,
    });
    const renamed = await client.put(where, { name: 'Renamed', tags });
    expect(renamed.json).toMatchObject({
      message: 'Dataset updated succesfully',
      data: { userId: user.id, itemCount: 0, changes: { nameChanged: true, tagsChanged: false } },
    });
    expect((await client.get(where)).status).toBe(404);
    expect((await client.delete('/api/datasets/Renamed')).json).toEqual({
      success: true,
      message: 'Dataset deleted succesfully',
    });
    expect((await client.get('/api/datasets/Renamed')).status).toBe(404);
    expect((await client.get('/api/datasets/Renamed?includeDeleted=true')).at('data.status')).toBe('deleted');
    expect((await client.get('/api/datasets')).at('totalItems')).toBe(0);
    expect((await client.get('/api/datasets?includeDeleted=true')).at('data.0.isDeleted')).toBe(true);
    expect((await client.post('/api/datasets', { name: 'Renamed' })).status).toBe(201);
    const { client: stranger } = await api.user('stranger');
    expect((await stranger.get('/api/datasets/Renamed')).status).toBe(404);
  });

  it('a large hole is named in the quotes, where it is stored, in lists and in the estimate', async () => {
    const client = await owner('large-holes');
    const wide = { left: 10, top: 10, right: 30, bottom: 30 };
    const head = await pngOf(rectangleMask(size, wide), size);
    for (const [source, name] of [[image, 'a.png'] as const, [clip, 'b.mp4'] as const]) {
      const files: Files = { image: [source, name], mask: [head, `${name}_mask.png`] };
      // 20 x 20 pixels: 13 % of the image, wider than a quarter of 48.
      const sentence = /^A circle of (19|20|21) pixels fits into the hole.*models -- pull/;
      const named = expect.stringMatching(new RegExp(`^${name}_mask.png: ${sentence.source.slice(1)}`));
      const quoted = await upload(client, files, { query: '?dryRun=true' });
      expect(quoted.at('warnings')).toEqual([named]);
      const stored = await upload(client, files);
      expect(stored.json).toMatchObject({
        warnings: [named],
        files: [{ role: 'source' }, { role: 'mask', warnings: [expect.stringMatching(sentence)] }],
      });
    }
    const items = await client.get('/api/datasets/Pairs/data');
    expect(items.at('data.items.0.warnings.0')).toContain('A circle of');
    const quote = await client.post('/api/inferences?dryRun=true', { datasetName: 'Pairs' });
    expect(quote.at('warnings.0')).toContain('a.png: A circle of');
    expect(quote.at('warnings.1')).toContain('b.mp4: A circle of');
  });

  it('an image with its mask costs 0.65, is listed and can be looked at by signed links', async () => {
    const client = await owner('painter');
    const quoted = await upload(client, pairOf(), { query: '?dryRun=true' });
    expect(quoted.json).toMatchObject({ dryRun: true, cost: 0.65 });
    const answer = await upload(client, pairOf());
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      message: 'Data uploaded and processed successfully',
      processedItems: 1,
      tokenSpent: 0.65,
      userTokens: 99.35,
      tokenUsage: { tokensSpent: 0.65, remainingBalance: 99.35, operationType: 'dataset_upload' },
      files: [
        { entry: 'cat.png', outcome: 'stored', role: 'source', pairedWith: 'cat_mask.png' },
        { entry: 'cat_mask.png', role: 'mask', holeShare: (16 * 12) / (64 * 48), nonBinaryShare: 0 },
      ],
    });
    const items = await client.get('/api/datasets/Pairs/data');
    expect(items.json).toMatchObject({
      data: {
        name: 'Pairs',
        type: 'image-mask',
        totalItems: 1,
        currentPage: 1,
        totalPages: 1,
        itemsPerPage: 10,
        items: [{ index: 0, frameIndex: null, uploadIndex: 1, name: 'cat.png', kind: 'image' }],
      },
    });
    const path0 = String(items.at('data.items.0.imagePath'));
    expect(path0).toMatch(/^datasets\/[0-9a-f-]{36}\/image_1\.png$/);
    const shown = await open(items.at('data.items.0.imageUrl'));
    expect(shown).toMatchObject({ status: 200, body: expect.any(Buffer) });
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect(shown.headers.get('content-disposition')).toBe('inline; filename=image_1.png');
    expect(shown.headers.get('x-content-type-options')).toBe('nosniff');
    expect(shown.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*sandbox/);
    const saved = await open(`${String(items.at('data.items.0.imageUrl'))}&download=1`);
    expect(saved.headers.get('content-disposition')).toBe('attachment; filename=image_1.png');
    expect(await sharp(shown.body).raw().toBuffer()).toEqual(await sharp(image).raw().toBuffer());
    const part = await open(items.at('data.items.0.maskUrl'), { headers: { range: 'bytes=1-3' } });
    expect([part.status, part.body.toString('latin1')]).toEqual([206, 'PNG']);
    expect((await client.get('/api/datasets/Pairs/image/image_1.png')).status).toBe(200);
    expect((await client.get('/api/datasets/Pairs/image/image_2.png')).status).toBe(404);
    expect((await client.get('/api/datasets/Pairs/mask/image_1.png')).status).toBe(404);
    const forged = String(items.at('data.items.0.imageUrl')).replace('image_1', 'image_2');
    expect((await open(forged)).status).toBe(403);
    const { client: stranger } = await api.user('peeper');
    expect((await stranger.get('/api/datasets/Pairs/image/image_1.png')).status).toBe(404);

    const before = String(items.at('data.items.0.imageUrl'));
    await client.delete('/api/datasets/Pairs');
    expect((await open(before)).status).toBe(404);
    expect((await open(`${before}&includeDeleted=true`)).status).toBe(403);
    const after = await client.get('/api/datasets/Pairs/data?includeDeleted=true');
    expect((await open(after.at('data.items.0.imageUrl'))).status).toBe(200);
  });

  it('a video costs 0.4 for each sampled frame, and its frames can be looked at', async () => {
    const client = await owner('filmer');
    const files: Files = { image: [clip, 'clip.mp4'], mask: [mask, 'mask.png'] };
    const first = await upload(client, files);
    expect(first.json).toMatchObject({ processedItems: 3, tokenSpent: 1.2, userTokens: 98.8 });
    const finer = await upload(client, { ...files, mask: [maskClip, 'mask.mp4'] }, { fps: '2' });
    expect(finer.json).toMatchObject({ processedItems: 5, tokenSpent: 2 });
    const items = await client.get('/api/datasets/Pairs/data?limit=3&page=2');
    expect(items.json).toMatchObject({ data: { type: 'video-mask', totalItems: 8, totalPages: 3 } });
    expect(items.at('data.items.0')).toMatchObject({ index: 3, frameIndex: 0, uploadIndex: 2 });
    const frame = await open(items.at('data.items.1.imageUrl'));
    expect(frame.headers.get('content-type')).toBe('image/png');
    expect(await sharp(frame.body).metadata()).toMatchObject(size);
    const url = items.at('data.items.1.imageUrl');
    const again = await Promise.all(Array.from({ length: 2 }, () => open(url)));
    expect(again.map(({ status, body }) => [status, body.equals(frame.body)])).toEqual(
      again.map(() => [200, true]),
    );
    const part = await open(url, { headers: { range: 'bytes=1-3' } });
    expect([part.status, part.body.toString('latin1')]).toEqual([206, 'PNG']);
    expect((await open(items.at('data.items.1.maskUrl'))).status).toBe(200);
    expect((await client.get('/api/datasets/Pairs/image/video_1.mp4')).status).toBe(200);
    expect((await client.get('/api/datasets/Pairs/image/video_1_frame_3.png')).status).toBe(404);
  });

  it('a ZIP stores its good pairs, bills them alone and reports every other file by name and reason', async () => {
    const client = await owner('zipper');
    const archive = await zipOf(folder, {
      'g/image_1.png': image,
      'g/mask_1.png': mask,
      'g/image_2.png': image,
      'g/mask_2.png': mask,
      'h/photo_7.jpg': await sharp(image).jpeg().toBuffer(),
      'h/mask_7.png': mask,
      'lonely/image_1.png': image,
      'lonely/mask_9.png': mask,
      'g/notes.txt': Buffer.from('hello'),
      'x/image_5.png': image.subarray(0, 100),
    });
    const answer = await upload(client, { image: [archive, 'set.zip'], mask: ['placeholder', 'x'] });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ processedItems: 3, tokenSpent: 2.1, userTokens: 97.9 });
    expect(answer.at('warnings')).toContain('The mask "x" is neither an image nor a video and was not used.');
    const files = answer.at('files') as { entry: string; outcome: string; code?: string; reason?: string }[];
    expect(files).toHaveLength(10);
    const of = (outcome: string) => files.filter((file) => file.outcome === outcome);
    expect(of('stored').map(({ entry }) => entry)).toEqual([
      ...['g/image_1.png', 'g/mask_1.png', 'g/image_2.png', 'g/mask_2.png', 'h/photo_7.jpg', 'h/mask_7.png'],
    ]);
    expect(of('ignored').map(({ entry, code }) => [entry, code])).toEqual([
      ['g/notes.txt', 'UNSUPPORTED_ENTRY'],
    ]);
    expect(of('refused').map(({ entry, code }) => [entry, code])).toEqual([
      ['lonely/image_1.png', 'UNPAIRED'],
      ['lonely/mask_9.png', 'UNPAIRED'],
      ['x/image_5.png', 'UNPAIRED'],
    ]);
    expect(of('refused').every(({ reason }) => (reason ?? '').length > 10)).toBe(true);
    expect((await client.get('/api/datasets/Pairs')).at('data.itemCount')).toBe(3);
  });

  it('a corrupt image is named, and so is the mask that belonged to it', async () => {
    const client = await owner('unlucky');
    const archive = await zipOf(folder, {
      'image_1.png': image.subarray(0, 100),
      'mask_1.png': mask,
      'image_2.png': image,
      'mask_2.png': mask,
    });
    const answer = await upload(client, { image: [archive, 'set.zip'] });
    expect(answer.json).toMatchObject({
      processedItems: 1,
      tokenSpent: 0.7,
      files: [
        { entry: 'image_1.png', outcome: 'refused', code: 'IMAGE_CORRUPT' },
        { entry: 'mask_1.png', outcome: 'refused', code: 'PARTNER_REFUSED' },
        { outcome: 'stored' },
        { outcome: 'stored' },
      ],
    });
    const useless = await zipOf(folder, { 'notes.txt': Buffer.from('hello') });
    const refused = await upload(client, { image: [useless, 'notes.zip'] });
    expect([refused.status, refused.at('code')]).toEqual([422, 'NO_VALID_PAIRS']);
    expect(await balance(client)).toBe(99.3);
  });

  it('the mask of an image that cannot be used is not given to another one', async () => {
    const client = await owner('mixed-phones');
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
    const archive = await zipOf(folder, {
      'a/dog.heic': heic,
      'a/dog_mask.png': mask,
      'a/y.jpg': image,
      'b/dog.jpg': Buffer.alloc(0),
      'b/dog_mask.png': mask,
      'images/a1.jpg': image,
      'images/b2.jpg': Buffer.from('<html></html>'),
      'images/c2.jpg': image,
      'masks/a1.png': mask,
      'masks/b2.png': mask,
    });
    const answer = await upload(client, { image: [archive, 'set.zip'] });
    expect([answer.status, answer.at('processedItems')]).toEqual([201, 1]);
    const files = answer.at('files') as { entry: string; outcome: string; code?: string }[];
    expect(files.map(({ entry, outcome, code }) => [entry, code ?? outcome])).toEqual([
      ['a/dog.heic', 'IMAGE_CORRUPT'],
      ['a/dog_mask.png', 'PARTNER_REFUSED'],
      ['a/y.jpg', 'UNPAIRED'],
      ['b/dog.jpg', 'EMPTY_FILE'],
      ['b/dog_mask.png', 'PARTNER_REFUSED'],
      ['images/a1.jpg', 'stored'],
      ['images/b2.jpg', 'UNSUPPORTED_ENTRY'],
      ['images/c2.jpg', 'UNPAIRED'],
      ['masks/a1.png', 'stored'],
      ['masks/b2.png', 'PARTNER_REFUSED'],
    ]);
  });

  it('what does not fit together is refused, stores nothing and costs nothing', async () => {
    const client = await owner('careless');
    const before = (await api.storedFiles()).length;
    const small = await pngOf(rectangleMask({ width: 32, height: 48 }, { ...box, right: 20 }), {
      width: 32,
      height: 48,
    });
    const white = await pngOf(new Uint8Array(64 * 48).fill(255), size);
    const grey = rectangleMask(size, box);
    grey[0] = 127;
    const soft = await pngOf(grey, size);
    const cases: [Files, Record<string, string>, number, string][] = [
      [{ image: [image, 'a.png'], mask: [small, 'm.png'] }, {}, 422, 'MASK_SIZE_MISMATCH'],
      [{ image: [image, 'a.png'], mask: [clip, 'm.mp4'] }, {}, 422, 'MASK_KIND_MISMATCH'],
      [{ image: [image, 'a.png'], mask: [white, 'm.png'] }, {}, 422, 'MASK_ALL_HOLE'],
      [{ image: [image, 'a.png'], mask: [soft, 'm.png'] }, { strict: 'true' }, 422, 'MASK_NOT_BINARY'],
      [{ image: [image, 'a.png'] }, {}, 400, 'VALIDATION'],
      [{ mask: [mask, 'm.png'] }, {}, 400, 'VALIDATION'],
      [{ image: ['<html>', 'a.png'], mask: [mask, 'm.png'] }, {}, 415, 'UNSUPPORTED_TYPE'],
      [{ image: [image, 'a.png'], mask: ['', 'm.png'] }, {}, 422, 'EMPTY_FILE'],
      [pairOf(), { datasetName: 'Not there' }, 404, 'NOT_FOUND'],
      [pairOf(), { fps: '0' }, 400, 'VALIDATION'],
    ];
    for (const [files, fields, status, code] of cases) {
      const answer = await upload(client, files, fields);
      expect([answer.status, answer.at('code')]).toEqual([status, code]);
    }
    expect(await balance(client)).toBe(100);
    expect((await api.storedFiles()).length).toBe(before);
    const half = path.join(folder, 'half.mp4');
    await makeTestVideo({
      out: half,
      frames: 60,
      width: 32,
      height: 24,
      source: 'color=black',
      filter: `${BOX}white`,
    });
    const scaled = await upload(client, { image: [clip, 'a.mp4'], mask: [await readFile(half), 'm.mp4'] });
    expect(scaled.at('files.1.warnings.0')).toMatch(/scaled from 32x24 to 64x48/);
    const accepted = await upload(client, { image: [image, 'a.png'], mask: [soft, 'm.png'] });
    expect(accepted.at('files.1.nonBinaryShare')).toBeCloseTo(1 / (64 * 48), 9);
  });

  it('a job over the dataset is quoted, held, shown and released when it is cancelled', async () => {
    const client = await owner('starter');
    await upload(client, pairOf());
    await upload(client, { image: [clip, 'clip.mp4'], mask: [mask, 'mask.png'] });
    const body = {
      datasetName: 'Pairs',
      modelId: 'telea',
      parameters: { quality: 'fast', customParameter: 'mine' },
    };
    const quoted = await client.post('/api/inferences?dryRun=true', body);
    expect(quoted.json).toMatchObject({ cost: 2.75 + 3 * 1.5, affordable: true });
    const started = await client.post('/api/inferences', body);
    expect(started.status).toBe(201);
    expect(started.json).toMatchObject({
      success: true,
      message: 'Inference created and queued successfully',
      inference: { status: 'PENDING', modelId: 'telea', datasetName: 'Pairs' },
    });
    const id = String(started.at('inference.id'));
    expect(started.at('jobId')).toBe(id);
    expect(await balance(client)).toBeCloseTo(100 - 0.65 - 1.2 - 7.25, 9);
    expect((await client.get(`/api/inferences/job/${id}/status`)).json).toMatchObject({
      data: { jobId: id, status: 'PENDING', progress: 0, result: null, error: null },
    });
    expect((await client.get('/api/inferences')).json).toMatchObject({
      data: [{ id, modelId: 'telea', datasetName: 'Pairs', parameters: { customParameter: 'mine' } }],
      totalItems: 1,
    });
    expect((await client.get(`/api/inferences/${id}`)).at('data.cost.held')).toBe(7.25);
    expect((await client.get(`/api/inferences/${id}/results`)).status).toBe(409);
    const { client: stranger } = await api.user('nosy');
    for (const route of [id, `job/${id}/status`, `${id}/results`, `${id}/download/video_1.mp4`])
      expect((await stranger.get(`/api/inferences/${route}`)).status).toBe(404);
    expect((await client.post(`/api/jobs/${id}/cancel`)).status).toBe(202);
    expect(await balance(client)).toBeCloseTo(98.15, 9);
    const statement = await client.get('/api/users/tokens');
    expect(statement.at('data.recentTransactions.0')).toMatchObject({
      operationType: 'inference',
      operationId: id,
      amount: 7.25,
      status: 'refunded',
    });
    const wrong = { datasetName: 'Pairs', parameters: { quality: 'best', blur: 3 } };
    const refused = await client.post('/api/inferences', wrong);
    expect((refused.at('errors') as { pointer: string }[]).map(({ pointer }) => pointer).sort()).toEqual([
      '/parameters/blur',
      '/parameters/quality',
    ]);
  });
});
