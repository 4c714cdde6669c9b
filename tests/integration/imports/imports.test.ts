import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import {
  createWorkerImports,
  type ImportOverrides,
  type WorkerImports,
} from '../../../src/composition/worker-imports.js';
import { parseSettings } from '../../../src/config/settings.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';
import { gradient, pngOf, rectangleMask } from '../../support/inpainting-run.js';

const size = { width: 64, height: 48 };
/** Of one image in a dataset by id. */
const IMAGE_PRICE = 0.001;

let api: TestApi;
let server: Server;
let origin: string;
let image: Buffer;
let mask: Buffer;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let worker: WorkerImports | undefined;

const serveFiles = ({ url }: IncomingMessage, response: ServerResponse): void => {
  const content = { '/a.png': image, '/mask.png': mask }[url ?? ''];
  if (content) response.writeHead(200, { 'content-length': content.length }).end(content);
  else response.writeHead(404).end();
};

beforeAll(async () => {
  api = await startTestApi({ settings: { IMPORT_ALLOW_PRIVATE: 'true', IMPORTS_PER_USER: '5' } });
  image = await pngOf(gradient(size.width, size.height), size);
  mask = await pngOf(rectangleMask(size, { left: 10, top: 10, right: 26, bottom: 22 }), size);
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await api.close();
});
beforeEach(() => {
  answer = serveFiles;
});
afterEach(async () => {
  await Promise.all((worker?.periodics ?? []).map((task) => task.stop()));
  await worker?.stop();
  worker = undefined;
});

async function startWorker(overrides: ImportOverrides = {}): Promise<void> {
  worker = createWorkerImports(
    parseSettings({ DATA_DIR: api.folder, IMPORT_ALLOW_PRIVATE: 'true', UPLOAD_MAX_MB: '3' }),
    {
      unitOfWork: api.persistence.unitOfWork,
      blobs: api.storage.blobs,
      requireSpace: async () => undefined,
      tools: await ffmpegTools(),
      log: silentLogger,
    },
    { retryMs: 1, ...overrides, downloads: { retryMs: 1, ...overrides.downloads } },
  );
  worker.periodics[0].start();
}

async function owner(name: string): Promise<{ client: ApiClient; dataset: string; userId: string }> {
  const { client, user } = await api.user(name);
  const created = await client.post('/api/dataset', { name: 'Imported' });
  return { client, dataset: String(created.at('dataset.id')), userId: user.id };
}

const balance = async (client: ApiClient) =>
  Number((await client.get('/api/users/tokens')).at('data.balance'));

/** The import when none of its files is waiting or running. */
async function finished(client: ApiClient, location: string) {
  for (;;) {
    const found = await client.get(location);
    expect(found.status).toBe(200);
    if (found.at('state') === 'completed') return found;
    worker?.periodics[0].wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function create(client: ApiClient, dataset: string, body: object) {
  const created = await client.post(`/api/dataset/${dataset}/imports`, body);
  return { created, location: `/api/dataset/${dataset}/imports/${String(created.at('importId'))}` };
}

describe('imports from URLs', () => {
  it('store and charge each file, and report each URL', async () => {
    const { client, dataset } = await owner('importer');
    const urls = [{ url: `${origin}/a.png`, name: 'Harbour' }, { url: `${origin}/missing.png` }];
    const { created, location } = await create(client, dataset, { kind: 'images', urls });
    expect([created.status, created.at('files.0.state'), created.headers.get('location')]).toEqual([
      202,
      'waiting',
      location,
    ]);
    // The least price of both is held.
    expect(await balance(client)).toBeCloseTo(100 - 2 * IMAGE_PRICE, 9);
    await startWorker();
    const done = await finished(client, location);
    expect(done.at('files.0')).toMatchObject({
      name: 'Harbour',
      state: 'completed',
      bytes: image.length,
      problem: null,
    });
    expect(done.at('files.0.result.images.0')).toMatchObject({ name: 'Harbour' });
    expect(done.at('files.1')).toMatchObject({
      name: 'missing.png',
      state: 'failed',
      problem: { code: 'IMPORT_STATUS' },
      result: null,
    });
    expect(await balance(client)).toBeCloseTo(100 - IMAGE_PRICE, 9);
    expect((await client.get(`/api/dataset/${dataset}/imports`)).at('imports')).toHaveLength(1);
    // The folder of a file goes after its state is recorded.
    await worker?.stop();
    expect(await readdir(path.join(api.folder, 'imports'))).toEqual([]);
  });

  it('store pairs with their masks', async () => {
    const { client, dataset } = await owner('pairs');
    const urls = [{ url: `${origin}/a.png`, maskUrl: `${origin}/mask.png` }];
    const { location } = await create(client, dataset, { kind: 'pairs', urls });
    await startWorker();
    const done = await finished(client, location);
    expect(done.at('files.0.state')).toBe('completed');
    expect(done.at('files.0.result.files.1')).toMatchObject({ role: 'mask', holeShare: 1 / 16 });
    expect(await balance(client)).toBeCloseTo(100 - 0.65, 9);
  });

  it('continue what a killed worker left, with one row and one charge', async () => {
    const { client, dataset, userId } = await owner('continued');
    const url = `${origin}/resumed.png`;
    const { created, location } = await create(client, dataset, { kind: 'images', urls: [{ url }] });
    const fileId = String(created.at('files.0.fileId'));
    // What kill -9 leaves: a claim whose lease ends, and a part of the file.
    const { imports } = api.persistence.unitOfWork.read;
    const claimed = await imports.claim({ leaseMs: 1, perUser: 2 });
    expect(claimed?.file).toMatchObject({ id: fileId, userId, fence: 1 });
    const folder = path.join(api.folder, 'imports', fileId);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'source'), image.subarray(0, 100));
    await writeFile(
      path.join(folder, 'source.source'),
      JSON.stringify({ url, validator: '"v1"', total: image.length }),
    );
    const ranges: unknown[] = [];
    answer = ({ headers }, response) => {
      ranges.push([headers.range, headers['if-range']]);
      response.writeHead(206, {
        etag: '"v1"',
        'content-length': image.length - 100,
        'content-range': `bytes 100-${String(image.length - 1)}/${String(image.length)}`,
      });
      response.end(image.subarray(100));
    };
    await startWorker();
    const done = await finished(client, location);
    expect(done.at('files.0')).toMatchObject({ state: 'completed', attempt: 2, bytes: image.length });
    expect(ranges).toEqual([['bytes=100-', '"v1"']]);
    expect(await balance(client)).toBeCloseTo(100 - IMAGE_PRICE, 9);
    const dataSet = await client.get(`/api/dataset/${dataset}`);
    expect(JSON.stringify(dataSet.json).match(/resumed\.png/g)).toHaveLength(1);
    // The killed worker, if it was only slow, can neither charge nor change the file.
    expect(await imports.renew({ id: fileId, fence: 1 }, 1000, { bytes: 1, totalBytes: null })).toBe(false);
    expect(
      await api.persistence.unitOfWork.run((scope) => scope.imports.lockClaimed({ id: fileId, fence: 1 })),
    ).toBeNull();
  });

  it('are cancelled while they run: nothing is stored, the hold is released', async () => {
    const { client, dataset } = await owner('canceller');
    const started = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        response.writeHead(200, { 'content-length': image.length }).write(image.subarray(0, 10));
        resolve();
      };
    });
    const { location } = await create(client, dataset, {
      kind: 'images',
      urls: [{ url: `${origin}/slow.png` }],
    });
    const before = await api.storedFiles();
    await startWorker({ leaseMs: 60 });
    await started;
    const cancelled = await client.delete(location);
    expect([cancelled.status, cancelled.at('files.0.state')]).toEqual([200, 'cancelled']);
    expect(await balance(client)).toBe(100);
    await worker?.stop();
    expect([await api.storedFiles(), (await client.get(location)).at('files.0.state')]).toEqual([
      before,
      'cancelled',
    ]);
  });

  it('fail without charge for what is no media, and give up a server that is down', async () => {
    const { client, dataset } = await owner('failing');
    answer = ({ url }, response) =>
      void (url === '/page' ? response.end('<html>sign in</html>') : response.destroy());
    const urls = [{ url: `${origin}/page` }, { url: `${origin}/down` }];
    const { location } = await create(client, dataset, { kind: 'images', urls });
    await startWorker();
    const done = await finished(client, location);
    expect(done.at('files.0')).toMatchObject({
      state: 'failed',
      attempt: 1,
      problem: { code: 'UNSUPPORTED_TYPE' },
    });
    expect(done.at('files.1')).toMatchObject({
      state: 'failed',
      attempt: 3,
      problem: { code: 'IMPORT_INTERRUPTED' },
    });
    expect(await balance(client)).toBe(100);
  });

  it.each([
    [
      'a URL of a metadata service',
      { kind: 'images', urls: [{ url: 'http://169.254.169.254/' }] },
      '/urls/0/url',
    ],
    ['a file URL', { kind: 'images', urls: [{ url: 'file:///etc/passwd' }] }, '/urls/0/url'],
    ['credentials', { kind: 'images', urls: [{ url: 'http://me:secret@example.com/a' }] }, '/urls/0/url'],
    [
      'a mask of no pair',
      { kind: 'images', urls: [{ url: 'http://example.com/a', maskUrl: 'http://example.com/b' }] },
      '/urls/0/maskUrl',
    ],
    ['no URL', { kind: 'images', urls: [] }, '/urls'],
    ['an unknown kind', { kind: 'sounds', urls: [{ url: 'http://example.com/a' }] }, '/kind'],
  ])('refuse %s', async (what, body, pointer) => {
    const { client, dataset } = await owner(`refused-${String(what.length)}`);
    const { created } = await create(client, dataset, body);
    expect([created.status, created.at('code'), created.at('errors.0.pointer')]).toEqual([
      400,
      'VALIDATION',
      pointer,
    ]);
    expect(await balance(client)).toBe(100);
  });

  it('of users with slow servers do not make others wait', async () => {
    let slowRequests = 0;
    const allSlow = new Promise<void>((resolve) => {
      answer = (request, response) => {
        if (!request.url?.startsWith('/slow')) return serveFiles(request, response);
        response.writeHead(200, { 'content-length': 10_000 }).write('x');
        slowRequests += 1;
        if (slowRequests === 4) resolve();
      };
    });
    const slow = await Promise.all(
      ['snail', 'sloth'].map(async (name) => {
        const { client, dataset } = await owner(name);
        const urls = [0, 1].map((file) => ({ url: `${origin}/slow-${name}-${file}.png` }));
        return { client, ...(await create(client, dataset, { kind: 'images', urls })) };
      }),
    );
    await startWorker({ slow: { bytesPerSecond: 1e6, windowMs: 20 } });
    await allSlow;
    const { client, dataset } = await owner('hare');
    const quick = await create(client, dataset, { kind: 'images', urls: [{ url: `${origin}/a.png` }] });
    expect((await finished(client, quick.location)).at('files.0.state')).toBe('completed');
    for (const other of slow) {
      const found = await other.client.get(other.location);
      expect([found.at('files.0.state'), found.at('files.1.state')]).toEqual(['running', 'running']);
      await other.client.delete(other.location);
    }
  });

  it('refuse more unfinished files than an account may have, and hide those of others', async () => {
    const { client, dataset } = await owner('greedy');
    const urls = Array.from({ length: 6 }, () => ({ url: `${origin}/a.png` }));
    const { created } = await create(client, dataset, { kind: 'images', urls });
    expect([created.status, created.at('code')]).toEqual([429, 'TOO_MANY_IMPORTS']);
    const { created: fits, location } = await create(client, dataset, {
      kind: 'images',
      urls: urls.slice(1),
    });
    expect(fits.status).toBe(202);
    const { client: stranger } = await owner('stranger');
    for (const hidden of [await stranger.get(location), await stranger.delete(location)])
      expect(hidden.status).toBe(404);
    await client.delete(location);
    expect(await balance(client)).toBe(100);
  });
});
