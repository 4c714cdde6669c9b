import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createWorkerImports } from '../../../src/composition/worker-imports.js';
import { parseSettings } from '../../../src/config/settings.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { GuardedDownloader } from '../../../src/net/guarded-downloader.js';
import { S3Bucket } from '../../../src/storage/s3/s3-bucket.js';
import { S3ObjectUrls } from '../../../src/storage/s3/s3-object-urls.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { startTestApi } from '../../support/api.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';
import { hasMoto, startS3Server, type S3Server } from '../../support/s3-server.js';

const describeWithMoto = hasMoto() ? describe : describe.skip;
const PATIENT_MS = 60_000;
/** Of one image in a dataset by id. */
const IMAGE_PRICE = 0.001;

describeWithMoto('imports from a bucket', () => {
  let server: S3Server;
  let bucket: S3Bucket;
  let folder: string;
  let photos: string;

  beforeAll(async () => {
    server = await startS3Server();
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-s3-imports-'));
    photos = `photos-${randomBytes(4).toString('hex')}`;
    bucket = new S3Bucket(server.settings);
    const LocationConstraint = 'eu-central-1';
    await bucket.client.send(
      new CreateBucketCommand({ Bucket: photos, CreateBucketConfiguration: { LocationConstraint } }),
    );
  });
  afterAll(async () => {
    bucket.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    Object.assign(server.faults, { intercept: undefined, cutAfter: undefined });
  });

  const put = (Key: string, Body: Buffer) =>
    bucket.client.send(new PutObjectCommand({ Bucket: photos, Key, Body }));
  const sha256Of = (content: Buffer) => createHash('sha256').update(content).digest('hex');

  let files = 0;
  const newTarget = () => path.join(folder, `file-${String((files += 1))}`);

  function fetchObject(
    key: string,
    { target = newTarget(), isOwnEndpoint = true, settings = {}, maxBytes = 10_000_000 } = {},
  ) {
    const urls = new S3ObjectUrls({ ...server.settings, ...settings });
    const sign = (object: { bucket: string; key: string }) => urls.sign(object);
    const downloader = new GuardedDownloader({
      allowPrivate: false,
      timeoutMs: PATIENT_MS,
      retryMs: 1,
      buckets: { names: [photos, 'no-such-bucket'], isOwnEndpoint, sign },
    });
    const url = key.startsWith('s3:') ? key : `s3://${photos}/${key}`;
    return downloader.fetch({ url, target, maxBytes, signal: new AbortController().signal });
  }

  /** Headers of the requests for objects from now on. */
  function watchRequests(): IncomingHttpHeaders[] {
    const seen: IncomingHttpHeaders[] = [];
    server.faults.intercept = ({ headers }) => (seen.push(headers), false);
    return seen;
  }

  it('become media that are charged once, without opening private addresses for other URLs', async () => {
    const image = await plainImage([10, 200, 30]);
    await put('a folder/Straße 1?.png', image);
    const settings = {
      IMPORT_S3_BUCKETS: `${photos}, no-such-bucket`,
      S3_ENDPOINT: server.settings.endpoint,
      S3_REGION: server.settings.region,
      S3_ACCESS_KEY_ID: server.environment.S3_ACCESS_KEY_ID,
      S3_SECRET_ACCESS_KEY: server.environment.S3_SECRET_ACCESS_KEY,
    };
    const api = await startTestApi({ settings });
    const worker = createWorkerImports(
      parseSettings({ ...settings, DATA_DIR: api.folder, UPLOAD_MAX_MB: '3' }),
      {
        unitOfWork: api.persistence.unitOfWork,
        blobs: api.storage.blobs,
        requireSpace: async () => undefined,
        tools: await ffmpegTools(),
        log: silentLogger,
      },
      { retryMs: 1, downloads: { retryMs: 1 } },
    );
    try {
      const { client } = await api.user('collector');
      const dataset = String((await client.post('/api/dataset', { name: 'Photos' })).at('dataset.id'));
      const where = `/api/dataset/${dataset}/imports`;
      const refused = await client.post(where, {
        kind: 'images',
        urls: [{ url: 's3://infernode/secret.png' }, { url: `s3://${photos}/` }],
      });
      expect([refused.status, refused.at('errors.0.pointer'), refused.at('errors.1.pointer')]).toEqual([
        400,
        '/urls/0/url',
        '/urls/1/url',
      ]);
      const urls = ['a folder/Straße 1?.png', 'missing.png'].map((key) => ({ url: `s3://${photos}/${key}` }));
      const created = await client.post(where, { kind: 'images', urls });
      expect(created.status).toBe(202);
      worker.periodics[0].start();
      const location = `${where}/${String(created.at('importId'))}`;
      let found = await client.get(location);
      while (found.at('state') !== 'completed') {
        worker.periodics[0].wake();
        await new Promise((resolve) => setTimeout(resolve, 20));
        found = await client.get(location);
      }
      expect(found.at('files.0')).toMatchObject({
        state: 'completed',
        name: 'Straße 1?.png',
        result: { images: [{ name: 'Straße 1?.png' }], costDeducted: IMAGE_PRICE },
      });
      expect(found.at('files.1')).toMatchObject({
        state: 'failed',
        attempt: 1,
        problem: {
          code: 'IMPORT_OBJECT_UNREADABLE',
          message: `s3://${photos}/missing.png cannot be read: there is no such object.`,
        },
      });
      expect((await client.get('/api/user/credits')).at('credits')).toBe(100 - IMAGE_PRICE);
    } finally {
      await Promise.all(worker.periodics.map((task) => task.stop()));
      await worker.stop();
      await api.close();
    }
  });

  it('that break off continue where they stopped, if the object is the same', async () => {
    const content = randomBytes(400_000);
    await put('cut.bin', content);
    const seen = watchRequests();
    server.faults.cutAfter = [300_000];
    expect(await fetchObject('cut.bin')).toEqual({ bytes: content.length, sha256: sha256Of(content) });
    const [, start] = /^bytes=(\d+)-$/.exec(seen[1].range ?? '') ?? [];
    expect([seen.length, seen[0].range]).toEqual([2, undefined]);
    // What the client had not read when the connection ended is fetched again.
    expect(Number(start)).toBeGreaterThan(0);
    expect(Number(start)).toBeLessThanOrEqual(300_000);
    expect(seen[1]['if-match']).toMatch(/^"[\da-f]{32}"$/);
  });

  it('start again when the object was replaced meanwhile', async () => {
    await put('replaced.bin', randomBytes(400_000));
    const target = newTarget();
    server.faults.cutAfter = [300_000, 0, 0, 0, 0];
    await expect(fetchObject('replaced.bin', { target })).rejects.toMatchObject({
      code: 'IMPORT_INTERRUPTED',
    });
    const content = randomBytes(90_000);
    await put('replaced.bin', content);
    const seen = watchRequests();
    expect(await fetchObject('replaced.bin', { target })).toMatchObject({ sha256: sha256Of(content) });
    expect((await readFile(target)).equals(content)).toBe(true);
    expect(seen.map(({ range }) => range === undefined)).toEqual([false, true]);
  });

  it.each([
    {
      name: 'a missing bucket',
      key: 's3://no-such-bucket/a',
      options: {},
      expected: ['IMPORT_OBJECT_UNREADABLE', /bucket does not exist/] as const,
    },
    {
      name: 'wrong credentials',
      key: 'small.bin',
      options: { settings: { credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wrong' } } },
      expected: ['IMPORT_OBJECT_UNREADABLE', /responds with 403 SignatureDoesNotMatch/] as const,
    },
    {
      name: 'a bucket that is not open',
      key: 's3://media/a',
      options: {},
      expected: ['IMPORT_URL_REFUSED', /does not import/] as const,
    },
    {
      name: 'a large object',
      key: 'small.bin',
      options: { maxBytes: 9 },
      expected: ['FILE_TOO_LARGE', /at least 10 bytes/] as const,
    },
  ])('$name is named', async ({ key, options, expected: [code, message] }) => {
    await put('small.bin', Buffer.from('0123456789'));
    await expect(fetchObject(key, options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('do not connect to a private address that the operator did not choose', async () => {
    await put('small.bin', Buffer.from('0123456789'));
    const seen = watchRequests();
    await expect(fetchObject('small.bin', { isOwnEndpoint: false })).rejects.toMatchObject({
      code: 'IMPORT_URL_REFUSED',
    });
    expect(seen).toEqual([]);
  });
});
