import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { encodeImage } from '../../../src/media/image-codec.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { makeTestVideo } from '../../factories/videos/make-test-video.js';
import { hostileZip, type HostileEntry } from '../../factories/zip/hostile-zip.js';
import { zipOf } from '../../factories/zip/zip-of.js';
import { archiveRefusals } from './archive-refusals.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import {
  blobOf,
  comparable,
  erased,
  manifestOf,
  painted,
  sha256,
  unzip,
} from '../../support/dataset-archives.js';

describe('the archive of a dataset', () => {
  let api: TestApi;
  let folder: string;
  let owner: ApiClient;
  let ownerId: string;
  let datasetId: string;
  let archive: Buffer;
  let files: Map<string, Buffer>;
  let spent: number;
  let guests = 0;

  beforeAll(async () => {
    api = await startTestApi({ settings: { UPLOAD_MAX_MB: '8' } });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-archive-'));
    const { client, user } = await api.user('owner');
    [owner, ownerId] = [client, user.id];
    const dataset = await owner.post('/api/dataset', {
      name: 'Été: walls / 2026',
      tags: ['brick', 'ziegel'],
    });
    datasetId = String(dataset.at('dataset.id'));
    await fill(owner);
    spent = 100 - Number((await owner.get('/api/user/credits')).at('credits'));
    archive = await download(owner, datasetId);
    files = await unzip(archive);
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => expect(await api.tempFolders()).toEqual([]));

  /** Five items: an image, a video, and pairs whose masks are white, painted and erased. */
  async function fill(client: ApiClient): Promise<void> {
    const clip = path.join(folder, 'clip.mp4');
    await makeTestVideo({ out: clip, frames: 30 });
    await add(client, `/api/dataset/${datasetId}/images`, {
      fields: { name: 'a crossing' },
      files: { content: await plainImage([200, 10, 30]) },
    });
    await add(client, `/api/dataset/${datasetId}/videos`, {
      fields: { name: 'morning' },
      files: { content: await readFile(clip) },
    });
    const fields = { datasetName: 'Été: walls / 2026' };
    for (const paint of [
      [255, 255, 255],
      [255, 0, 0],
    ] as const) {
      const image = await plainImage([40, 90, 60]);
      await add(client, '/api/datasets/data', { fields, files: { image, mask: await painted(paint) } });
    }
    const alpha = { ...fields, mask: 'alpha' };
    await add(client, '/api/datasets/data', { fields: alpha, files: { image: await erased() } });
  }

  async function add(
    client: ApiClient,
    where: string,
    { fields, files: sent }: { fields: Record<string, string>; files: Record<string, Uint8Array> },
  ): Promise<void> {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    for (const [name, content] of Object.entries(sent)) body.set(name, blobOf(content), `${name}.bin`);
    const { status, text } = await client.call('POST', where, { body });
    if (status !== 201) throw new Error(text);
  }

  async function fetchArchive(client: ApiClient, id: string, headers: Record<string, string> = {}) {
    const answer = await fetch(`${api.url}/api/dataset/${id}/archive`, {
      headers: { authorization: `Bearer ${client.token ?? ''}`, ...headers },
    });
    return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  async function download(client: ApiClient, id: string): Promise<Buffer> {
    const { answer, bytes } = await fetchArchive(client, id);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/zip']);
    expect(Number(answer.headers.get('content-length'))).toBe(bytes.length);
    return bytes;
  }

  async function guest(): Promise<{ client: ApiClient; userId: string }> {
    guests += 1;
    const { client, user } = await api.user(`guest-${guests}`);
    return { client, userId: user.id };
  }

  function send(
    client: ApiClient,
    content: Buffer,
    { query = '', headers, ...fields }: Record<string, string> & { headers?: never } = {},
  ): Promise<ApiResponse> {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    body.set('content', blobOf(content), 'walls.zip');
    return client.call('POST', `/api/dataset/archive${query}`, { body, headers });
  }

  const credits = async (client: ApiClient): Promise<number> =>
    Number((await client.get('/api/user/credits')).at('credits'));

  describe('export', () => {
    it('has every stored file, as its manifest and the dataset describe it', async () => {
      const manifest = manifestOf(files);
      expect(manifest).toMatchObject({
        format: 'infernode.dataset',
        version: 1,
        product: { name: 'InferNode' },
        dataset: { id: datasetId, name: 'Été: walls / 2026', tags: ['brick', 'ziegel'] },
        totals: { items: 5, files: 8 },
      });
      const described = manifest.items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
      expect([...files.keys()]).toEqual(['manifest.json', ...described.map((file) => file.path)]);
      for (const file of described) {
        const content = files.get(file.path) ?? Buffer.alloc(0);
        expect([file.path, content.length, sha256(content)]).toEqual([file.path, file.bytes, file.sha256]);
      }
      expect(
        manifest.items.map(({ source, mask }) => [source.path, mask?.path, mask?.hole?.reading]),
      ).toEqual([
        ['media/image_1.png', undefined, undefined],
        ['media/video_2.mp4', undefined, undefined],
        ['media/image_3.png', 'media/mask_3.png', 'white'],
        ['media/image_4.png', 'media/mask_4.png', 'difference'],
        ['media/image_5.png', 'media/mask_5.png', 'transparency'],
      ]);
      const shown = await owner.get(`/api/dataset/${datasetId}`);
      expect(shown.at('dataset.videos.0')).toMatchObject({
        name: manifest.items[1].source.name,
        sha256: manifest.items[1].source.sha256,
      });
    });

    it('has the same bytes each time and in ranges, which continue an interrupted download', async () => {
      const { answer } = await fetchArchive(owner, datasetId);
      const etag = answer.headers.get('etag') ?? '';
      for (const [start, end] of [
        [0, 0],
        [10, 2000],
        [Math.floor(archive.length / 3), archive.length - 1],
        [archive.length - 30, archive.length - 1],
      ]) {
        const range = { range: `bytes=${start}-${end}`, 'if-range': etag };
        const part = await fetchArchive(owner, datasetId, range);
        expect(part.answer.status).toBe(206);
        expect(part.bytes.equals(archive.subarray(start, end + 1))).toBe(true);
      }
      const beyond = await fetchArchive(owner, datasetId, { range: `bytes=${archive.length}-` });
      expect(beyond.answer.status).toBe(416);
      const unchanged = await fetchArchive(owner, datasetId, { 'if-none-match': etag });
      expect(unchanged.answer.status).toBe(304);
    });

    it('is reached by its signed link, and by nobody else', async () => {
      const url = String((await owner.get(`/api/dataset/${datasetId}`)).at('dataset.archive_url'));
      const linked = await fetch(url);
      expect(sha256(Buffer.from(await linked.arrayBuffer()))).toBe(sha256(archive));
      const { client } = await guest();
      const { answer } = await fetchArchive(client, datasetId);
      expect(answer.status).toBe(404);
      expect((await fetch(url.replace(/expires=\d/, 'expires=9'))).status).toBe(403);
    });

    it('two at a time are served to a user, and an aborted one makes room', async () => {
      const open = () =>
        new Promise<http.IncomingMessage>((resolve, reject) => {
          const headers = { authorization: `Bearer ${owner.token ?? ''}` };
          http.get(`${api.url}/api/dataset/${bigId}/archive`, { headers }, resolve).on('error', reject);
        });
      const bigId = await largeDataset();
      const first = await open();
      const second = await open();
      const third = await open();
      expect([first.statusCode, second.statusCode, third.statusCode]).toEqual([200, 200, 429]);
      third.resume();
      first.destroy();
      await whenSettled(async () => {
        const fourth = await open();
        fourth.destroy();
        return fourth.statusCode === 200;
      });
      second.destroy();
    });

    it('a file that is gone ends the download before its announced length', async () => {
      const { client, userId } = await guest();
      const copy = await send(client, archive);
      const id = String(copy.at('dataset.id'));
      const { items } = await itemsOf(id);
      await api.storage.blobs.remove(items[1]);
      await expect(fetchArchive({ token: client.token } as ApiClient, id)).rejects.toThrow();
      expect(userId).not.toBe(ownerId);
    });
  });

  /** Storage keys of the sources of a dataset. */
  async function itemsOf(id: string): Promise<{ items: string[] }> {
    const items = await api.persistence.unitOfWork.read.datasets.items(id);
    return { items: items.map(({ source }) => source.storageKey) };
  }

  /** Larger than all buffers between server and client. */
  async function largeDataset(): Promise<string> {
    const id = String((await owner.post('/api/dataset', { name: 'large' })).at('dataset.id'));
    const data = new Uint8Array(1500 * 1500 * 3);
    for (let at = 0; at < data.length; at += 1) data[at] = (at * 2654435761) >>> 13;
    const content = await encodeImage({ width: 1500, height: 1500, data }, { format: 'png' });
    for (let index = 0; index < 3; index += 1)
      await add(owner, `/api/dataset/${id}/images`, {
        fields: { name: `noise ${index}` },
        files: { content },
      });
    return id;
  }

  async function whenSettled(check: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 100; tries += 1) if (await check()) return;
    throw new Error('it did not settle');
  }

  describe('import', () => {
    it('gives another user an equal dataset at the price of its uploads', async () => {
      const { client } = await guest();
      const quoted = await send(client, archive, { query: '?dryRun=true' });
      const imported = await send(client, archive);
      expect(imported.status).toBe(201);
      // Pairs in an archive have the price of pairs in a ZIP (0.7), single ones that of images (0.65).
      const cost = spent + 3 * (0.7 - 0.65);
      expect(quoted.at('cost')).toBeCloseTo(cost, 6);
      expect(await credits(client)).toBeCloseTo(100 - cost, 6);
      expect(imported.json).toMatchObject({ items: 5, files: 8, dataset: { name: 'Été: walls / 2026' } });
      const again = await unzip(await download(client, String(imported.at('dataset.id'))));
      expect(comparable(manifestOf(again))).toEqual(comparable(manifestOf(files)));
      expect([...again].slice(1)).toEqual([...files].slice(1));
    });

    it('adds to an existing dataset, under another name, and once for a key', async () => {
      const { client } = await guest();
      const renamed = await send(client, archive, { name: 'Copy' });
      expect(renamed.at('dataset')).toMatchObject({ name: 'Copy', tags: ['brick', 'ziegel'] });
      const id = String(renamed.at('dataset.id'));
      const added = await send(client, archive, { datasetId: id });
      expect(added.at('dataset')).toMatchObject({ id, name: 'Copy' });
      const manifest = manifestOf(await unzip(await download(client, id)));
      expect(manifest.items.map(({ upload }) => upload)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect([(await send(client, archive, { name: 'Copy' })).at('code')]).toEqual(['DATASET_NAME_TAKEN']);
      const both = await send(client, archive, { name: 'Other', datasetId: id });
      expect([both.status, both.at('errors.0.pointer')]).toEqual([400, '/name']);
      const foreign = await send(client, archive, { datasetId });
      expect(foreign.status).toBe(404);
    });

    it('adds the files of an archive that comes in parts', async () => {
      const { client } = await guest();
      const id = String((await client.post('/api/dataset', { name: 'Parts' })).at('dataset.id'));
      const begun = await client.post('/api/uploads/multipart', {
        ...{ datasetId: id, name: 'walls', extension: 'zip', kind: 'dataset', size: archive.length },
      });
      const [url] = begun.at('urls') as string[];
      const sent = await fetch(url, { method: 'PUT', body: new Uint8Array(archive) });
      const parts = [{ partNumber: 1, etag: sent.headers.get('etag') }];
      const where = `/api/uploads/multipart/${String(begun.at('uploadId'))}`;
      const completed = await client.post(`${where}/complete`, { parts });
      expect(completed.at('upload.result')).toMatchObject({
        items: 5,
        files: 8,
        dataset: { id, name: 'Parts' },
      });
      const copy = manifestOf(await unzip(await download(client, id)));
      expect(copy.items.map(({ source }) => source.sha256)).toEqual(
        manifestOf(files).items.map(({ source }) => source.sha256),
      );
    });

    const refusals = archiveRefusals(() => files);
    it.each(refusals)('refuses %s and leaves nothing', async (_what, code, told, change) => {
      const { client } = await guest();
      const stored = await api.storedFiles();
      const answer = await send(client, await zipOf(folder, await change()));
      expect([answer.status, answer.at('code')]).toEqual([code === 'UNSUPPORTED_TYPE' ? 415 : 422, code]);
      expect(answer.at('message')).toContain(told);
      await expectNothing(client, stored);
    });

    async function expectNothing(client: ApiClient, stored: readonly string[]): Promise<void> {
      expect(await credits(client)).toBe(100);
      expect((await client.get('/api/dataset')).at('datasets')).toEqual([]);
      expect(await api.storedFiles()).toEqual(stored);
    }

    const entries = (): HostileEntry[] => [...files].map(([name, data]) => ({ name, data, method: 0 }));
    const hostile: readonly [what: string, code: string, make: () => Buffer][] = [
      [
        'a path that leaves the archive',
        'ZIP_BAD_PATH',
        () => hostileZip([...entries(), { name: '../../etc/cron.d/x', data: Buffer.from('x') }]),
      ],
      [
        'a link',
        'ZIP_LINK',
        () =>
          hostileZip([
            ...entries(),
            {
              name: 'media/link',
              data: Buffer.from('/etc/passwd'),
              externalAttributes: (0o120777 << 16) >>> 0,
            },
          ]),
      ],
      [
        'two files of one name',
        'ZIP_DUPLICATE',
        () => hostileZip([...entries(), { name: 'media/image_1.png', data: Buffer.from('other') }]),
      ],
      [
        'a bomb',
        'ZIP_TOO_LARGE',
        () =>
          hostileZip([...entries(), { name: 'media/bomb.png', data: Buffer.alloc(65 * 2 ** 20), method: 8 }]),
      ],
      ['overlapping files', 'ZIP_CORRUPT', () => hostileZip(entries(), { overlap: true })],
      ['a wrong checksum', 'ZIP_CORRUPT', () => hostileZip(entries().map((entry) => ({ ...entry, crc: 1 })))],
      ['a cut-off archive', 'ZIP_CORRUPT', () => archive.subarray(0, archive.length >> 1)],
      ['a password', 'ZIP_ENCRYPTED', () => hostileZip(entries().map((entry) => ({ ...entry, flags: 1 })))],
    ];
    it.each(hostile)('refuses %s', async (_what, code, make) => {
      const { client } = await guest();
      const stored = await api.storedFiles();
      const answer = await send(client, make());
      expect(answer.at('code')).toBe(code);
      await expectNothing(client, stored);
    });

    it('without enough credits stores nothing', async () => {
      const { client, userId } = await guest();
      const stored = await api.storedFiles();
      await api.persistence.unitOfWork.run(({ ledger }) =>
        ledger.append({
          userId,
          kind: 'upload',
          amount: 99_000_000n,
          delta: -99_000_000n,
          description: 'spent',
        }),
      );
      const answer = await send(client, archive);
      expect([answer.status, answer.at('code')]).toEqual([401, 'INSUFFICIENT_CREDITS']);
      expect((await client.get('/api/dataset')).at('datasets')).toEqual([]);
      expect(await api.storedFiles()).toEqual(stored);
    });
  });
});
