import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import {
  MIN_PART_BYTES,
  type MultipartStore,
  type MultipartUpload,
} from '../../../src/storage/multipart-store.js';

/** What a contract suite of multipart uploads runs against. */
export interface MultipartHarness {
  readonly multipart: MultipartStore;
  readonly blobs: BlobStore;
  /** Sends a part as a client does. @returns the ETag of the response */
  send(url: string, body: Buffer): Promise<string>;
  close(): Promise<void>;
}

const ALLOWANCE = { expiresSeconds: 1800 };
const INVALID = { name: 'AppError', code: 'MULTIPART_PARTS_INVALID', kind: 'invalid' };
const NOT_FOUND = { name: 'AppError', code: 'MULTIPART_NOT_FOUND', kind: 'not_found' };

/** What every {@link MultipartStore} keeps to. */
export function describeMultipartStore(open: () => Promise<MultipartHarness>): void {
  describe('multipart store', () => {
    let harness: MultipartHarness;
    const first = randomBytes(MIN_PART_BYTES);
    const second = randomBytes(MIN_PART_BYTES + 17);
    const last = randomBytes(1_000);

    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close());

    async function send(upload: MultipartUpload, partNumber: number, body: Buffer) {
      const allowance = { ...ALLOWANCE, bytes: body.length };
      const etag = await harness.send(
        await harness.multipart.presignPart(upload, partNumber, allowance),
        body,
      );
      return { partNumber, etag };
    }

    async function unfinishedKeys(): Promise<string[]> {
      const keys: string[] = [];
      for await (const { key } of harness.multipart.unfinished()) keys.push(key);
      return keys;
    }

    it('joins parts that came in any order, some of them twice', async () => {
      const upload = await harness.multipart.create();
      const parts = [
        await send(upload, 3, last),
        await send(upload, 1, second),
        await send(upload, 2, second),
        await send(upload, 1, first),
      ];
      expect(parts[3].etag).toBe(`"${createHash('md5').update(first).digest('hex')}"`);
      const received = await harness.multipart.parts(upload);
      expect(received.map(({ partNumber, bytes }) => [partNumber, bytes])).toEqual([
        [1, first.length],
        [2, second.length],
        [3, last.length],
      ]);
      const wanted = [parts[3], parts[2], { partNumber: 3, etag: parts[0].etag.replaceAll('"', '') }];
      const whole = Buffer.concat([first, second, last]);
      expect(await harness.multipart.complete(upload, wanted)).toEqual({
        key: upload.key,
        bytes: whole.length,
      });
      expect((await buffer(await harness.blobs.open(upload.key))).equals(whole)).toBe(true);
      expect(await harness.multipart.complete(upload, wanted)).toEqual({
        key: upload.key,
        bytes: whole.length,
      });
      await harness.multipart.abort(upload);
      expect(await harness.blobs.size(upload.key)).toBe(whole.length);
    });

    it('refuses lists of parts that do not fit, and goes on', async () => {
      const upload = await harness.multipart.create();
      const [one, two] = [await send(upload, 1, last), await send(upload, 2, last)];
      const complete = (...parts: (typeof one)[]) => harness.multipart.complete(upload, parts);
      await expect(complete()).rejects.toMatchObject(INVALID);
      await expect(complete(one, two)).rejects.toMatchObject(INVALID);
      await expect(complete(two, one)).rejects.toMatchObject(INVALID);
      await expect(complete(two, two)).rejects.toMatchObject(INVALID);
      await expect(complete({ partNumber: 3, etag: one.etag })).rejects.toMatchObject(INVALID);
      await expect(complete({ partNumber: 1, etag: `"${'0'.repeat(32)}"` })).rejects.toMatchObject(INVALID);
      expect(await complete(two)).toEqual({ key: upload.key, bytes: last.length });
      expect(await buffer(await harness.blobs.open(upload.key))).toEqual(last);
    });

    it('is no file before it is complete, and leaves nothing behind when it is aborted', async () => {
      const upload = await harness.multipart.create();
      const part = await send(upload, 1, last);
      expect(await harness.blobs.exists(upload.key)).toBe(false);
      expect(await unfinishedKeys()).toContain(upload.key);
      await harness.multipart.abort(upload);
      await harness.multipart.abort(upload);
      expect(await unfinishedKeys()).not.toContain(upload.key);
      await expect(harness.multipart.parts(upload)).rejects.toMatchObject(NOT_FOUND);
      await expect(harness.multipart.complete(upload, [part])).rejects.toMatchObject(NOT_FOUND);
      await expect(send(upload, 1, last)).rejects.toThrow();
      expect(await harness.blobs.exists(upload.key)).toBe(false);
    });

    it('lists unfinished uploads with the time of their creation', async () => {
      const upload = await harness.multipart.create();
      for await (const { key, uploadId, startedAt } of harness.multipart.unfinished()) {
        if (key !== upload.key) continue;
        expect(uploadId).toBe(upload.uploadId);
        expect(Math.abs(startedAt.getTime() - Date.now())).toBeLessThan(3_600_000);
      }
      expect(await unfinishedKeys()).toContain(upload.key);
    });

    it('signs only parts with a number that may be', async () => {
      const upload = await harness.multipart.create();
      for (const number of [0, -1, 10_001, 1.5, Number.NaN])
        await expect(async () => harness.multipart.presignPart(upload, number, ALLOWANCE)).rejects.toThrow(
          TypeError,
        );
    });
  });
}
