import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { LocalCopies } from '../../../src/storage/local-copies.js';
import { S3BlobStore } from '../../../src/storage/s3/s3-blob-store.js';
import { S3Bucket } from '../../../src/storage/s3/s3-bucket.js';
import { S3MultipartStore } from '../../../src/storage/s3/s3-multipart-store.js';
import { hasMoto, startS3Server, type S3Server } from '../../support/s3-server.js';

const describeWithMoto = hasMoto() ? describe : describe.skip;

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

describeWithMoto('S3 with faults', () => {
  let server: S3Server;
  let folder: string;
  let bucket: S3Bucket;
  let store: S3BlobStore;
  const content = randomBytes(300_000);

  beforeAll(async () => {
    server = await startS3Server();
    folder = await mkdtemp(join(tmpdir(), 'copies-'));
    bucket = new S3Bucket(server.settings);
    store = new S3BlobStore(bucket, new LocalCopies(folder, { maxBytes: 2 ** 20 }));
  });
  afterAll(async () => {
    bucket.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    Object.assign(server.faults, { intercept: undefined, cutAfter: undefined, clockOffsetMs: undefined });
  });

  const put = () => store.putStream(once(content), { bytes: content.length });

  it('a download that breaks off is resumed where it stopped', async () => {
    const { key } = await put();
    server.faults.cutAfter = [1_000, 70_000, 1];
    expect((await buffer(await store.open(key))).equals(content)).toBe(true);
    server.faults.cutAfter = [5];
    const range = { start: 100, end: 199 };
    expect(await buffer(await store.open(key, range))).toEqual(content.subarray(100, 200));
  });

  it('a download that always breaks off ends as an error', async () => {
    const { key } = await put();
    server.faults.cutAfter = Array.from({ length: 100 }, () => 0);
    await expect(store.open(key).then(buffer)).rejects.toMatchObject({ code: 'STORAGE_UNREACHABLE' });
  });

  it('a store that responds with errors is asked again', async () => {
    let refused = 0;
    server.faults.intercept = (_request, response) => {
      if (refused >= 2) return false;
      refused += 1;
      response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>slow down</Message></Error>');
      return true;
    };
    const { key } = await put();
    expect(refused).toBe(2);
    expect(await store.size(key)).toBe(content.length);
  });

  it('an object with other bytes than its checksum is refused as damaged', async () => {
    const key = randomUUID();
    const object = {
      ...bucket.at(`media/${key}`),
      Body: 'other bytes',
      Metadata: { sha256: 'ab'.repeat(32) },
    };
    await bucket.client.send(new PutObjectCommand(object));
    await expect(store.borrow(key)).rejects.toMatchObject({ code: 'MEDIA_DAMAGED', kind: 'gone' });
    const { key: sound } = await put();
    await expect(store.borrow(sound, 'cd'.repeat(32))).rejects.toMatchObject({ code: 'MEDIA_DAMAGED' });
  });

  it('URLs of parts are valid for their time, number and length only', async () => {
    const multipart = new S3MultipartStore(bucket, store);
    const upload = await multipart.create();
    const url = await multipart.presignPart(upload, 1, { expiresSeconds: 1800, bytes: 4 });
    const send = async (to: string, body: string) => (await fetch(to, { method: 'PUT', body })).status;
    expect(await send(url.replace('partNumber=1', 'partNumber=2'), 'part')).toBe(403);
    expect(await send(url, 'longer')).toBe(403);
    expect(await send(url, 'part')).toBe(200);
    server.faults.clockOffsetMs = 1_790_000;
    expect(await send(url, 'part')).toBe(200);
    server.faults.clockOffsetMs = 1_810_000;
    expect(await send(url, 'part')).toBe(403);
  });

  it.each([
    ['a missing bucket', { bucket: 'no-such-bucket' }, /bucket "no-such-bucket" does not exist/, false],
    [
      'a wrong secret',
      { credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wrong' } },
      /credentials are refused/,
      false,
    ],
    [
      'an unknown key',
      { credentials: { accessKeyId: 'UNKNOWN', secretAccessKey: 'wrong' } },
      /credentials are refused/,
      false,
    ],
    ['a closed port', { endpoint: 'http://127.0.0.1:1' }, /nothing listens there/, true],
  ])('%s is named at the start', async (_, settings, reason, mayPass) => {
    const wrong = new S3Bucket({ ...server.settings, ...settings });
    const problem = await wrong.probe();
    wrong.close();
    expect(problem?.reason).toMatch(reason);
    expect(problem?.mayPass).toBe(mayPass);
    expect(await bucket.probe()).toBeNull();
  });
});
