import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { readRecording } from '../../../src/storage/recording-file.js';
import { S3Bucket } from '../../../src/storage/s3/s3-bucket.js';
import { S3RecordingStore } from '../../../src/storage/s3/s3-recording-store.js';
import { S3ResumableStore } from '../../../src/storage/s3/s3-resumable-store.js';
import { TempFolders } from '../../../src/storage/temp-folders.js';
import { hasMoto, startS3Server, type S3Server } from '../../support/s3-server.js';

const describeWithMoto = hasMoto() ? describe : describe.skip;

async function* pieces(...given: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const piece of given) yield await Promise.resolve(piece);
}

describeWithMoto('growing files in S3', () => {
  let server: S3Server;
  let folder: string;
  let bucket: S3Bucket;

  beforeAll(async () => {
    server = await startS3Server();
    folder = await mkdtemp(join(tmpdir(), 'growing-'));
    bucket = new S3Bucket(server.settings);
  });
  afterAll(async () => {
    bucket.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe('resumable uploads', () => {
    it('go on in another process and keep what arrived before an error', async () => {
      const [first, second] = [new S3ResumableStore(bucket), new S3ResumableStore(bucket)];
      const id = uuidv7();
      const [start, middle, end] = [randomBytes(9 * 2 ** 20), randomBytes(1_000), randomBytes(10)];
      await first.create(id);
      expect(await first.size(id)).toBe(0);
      async function* broken(): AsyncGenerator<Buffer> {
        yield* pieces(start, middle);
        throw new Error('the client is gone');
      }
      await expect(first.append(id, 0, broken())).rejects.toThrow('the client is gone');
      const received = start.length + middle.length;
      expect(await second.size(id)).toBe(received);
      const wrong = { code: 'UPLOAD_OFFSET_MISMATCH', details: { offset: received } };
      await expect(second.append(id, 5, pieces(end))).rejects.toMatchObject(wrong);
      expect(await second.append(id, received, pieces(end))).toBe(received + end.length);
      const target = join(folder, randomUUID());
      await first.fetch(id, target);
      expect((await readFile(target)).equals(Buffer.concat([start, middle, end]))).toBe(true);
    });

    it('are listed once with their start, and leave nothing when removed', async () => {
      const store = new S3ResumableStore(bucket);
      const id = uuidv7();
      await store.create(id);
      await store.append(id, 0, pieces(Buffer.from('one')));
      await store.append(id, 3, pieces(Buffer.from('two')));
      const found: { id: string; startedAt: Date }[] = [];
      for await (const upload of store.list()) if (upload.id === id) found.push(upload);
      expect(found).toHaveLength(1);
      expect(Math.abs(found[0].startedAt.getTime() - Date.now())).toBeLessThan(3_600_000);
      await store.remove(id);
      await store.remove(id);
      await expect(store.size(id)).rejects.toMatchObject({ code: 'UPLOAD_ENDED' });
    });
  });

  describe('recordings', () => {
    const stores = () => new S3RecordingStore(bucket, new TempFolders(join(folder, 'tmp')));

    it('are read entry by entry on another machine, and their local files are removed', async () => {
      const id = randomUUID();
      const log = await stores().create(id);
      log.append({ type: 'goal', image: true }, Buffer.from('an image'));
      log.append({ type: 'stopped', reason: 'size' });
      await log.close();
      expect(log.failed).toBe(false);
      const entries: unknown[] = [];
      {
        await using file = await stores().borrow(id);
        for await (const { json, bytes } of readRecording(file.path))
          entries.push([json, Buffer.from(bytes).toString()]);
      }
      expect(entries).toEqual([
        [{ type: 'goal', image: true }, 'an image'],
        [{ type: 'stopped', reason: 'size' }, ''],
      ]);
      expect(await readdir(join(folder, 'tmp', 'recordings'))).toEqual([]);
      expect(await stores().list()).toMatchObject([{ sessionId: id, bytes: log.bytes }]);
      await stores().remove(id);
      await expect(stores().borrow(id)).rejects.toMatchObject({ code: 'RECORDING_MISSING' });
    });

    it('that the store refuses are reported as failed', async () => {
      const id = randomUUID();
      const failures: string[] = [];
      const store = new S3RecordingStore(bucket, new TempFolders(join(folder, 'tmp')), (_, session) =>
        failures.push(session),
      );
      const log = await store.create(id);
      log.append({ type: 'goal', image: false });
      server.faults.intercept = (_request, response) => {
        response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>');
        return true;
      };
      await log.close();
      server.faults.intercept = undefined;
      expect([log.failed, failures]).toEqual([true, [id]]);
    });
  });
});
