import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { DiskMultipartStore } from '../../../src/storage/disk-multipart-store.js';
import { joinParts } from '../../../src/storage/disk-part-join.js';
import {
  MAX_PART_BYTES,
  MIN_PART_BYTES,
  type MultipartUpload,
} from '../../../src/storage/multipart-store.js';
import { describeMultipartStore } from '../../support/contracts/multipart-store.contract.js';

function openStore(folder: string) {
  const blobs = new DiskBlobStore(folder);
  const sign = (upload: MultipartUpload, partNumber: number) => JSON.stringify({ upload, partNumber });
  return { blobs, multipart: new DiskMultipartStore(folder, blobs, sign) };
}

async function* chunks(...given: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of given) yield await Promise.resolve(chunk);
}

describe('disk multipart store', () => {
  describeMultipartStore(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parts-'));
    const { blobs, multipart } = openStore(folder);
    return {
      blobs,
      multipart,
      send: async (url, body) => {
        const { upload, partNumber } = JSON.parse(url) as { upload: MultipartUpload; partNumber: number };
        const content = { body: chunks(body), maxBytes: MAX_PART_BYTES };
        return (await multipart.writePart(upload, partNumber, content)).etag;
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  });

  let folder: string;
  let stores: ReturnType<typeof openStore>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parts-'));
    stores = openStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('refuses a part that is too large or has another size, and keeps the earlier one', async () => {
    const { multipart } = stores;
    const upload = await multipart.create();
    const write = (body: string, limits: { maxBytes: number; bytes?: number }) =>
      multipart.writePart(upload, 1, { body: chunks(Buffer.from(body)), ...limits });
    const earlier = await write('kept', { maxBytes: 4, bytes: 4 });
    await expect(write('12345', { maxBytes: 4 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    await expect(write('123', { maxBytes: 4, bytes: 4 })).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
    expect(await multipart.parts(upload)).toEqual([earlier]);
    expect(await readdir(join(folder, 'multipart', upload.key))).toEqual(['00001']);
  });

  it('leaves nothing but the file of a completed upload', async () => {
    const { multipart } = stores;
    const upload = await multipart.create();
    const part = await multipart.writePart(upload, 1, { body: chunks(Buffer.from('content')), maxBytes: 10 });
    await multipart.complete(upload, [part]);
    expect(await readdir(join(folder, 'multipart'))).toEqual([]);
  });

  it('completes once when two processes complete at the same time', async () => {
    const { multipart, blobs } = stores;
    const upload = await multipart.create();
    const part = await multipart.writePart(upload, 1, { body: chunks(Buffer.from('content')), maxBytes: 10 });
    const other = openStore(folder).multipart;
    const outcomes = await Promise.all([multipart.complete(upload, [part]), other.complete(upload, [part])]);
    expect(outcomes).toEqual(Array(2).fill({ key: upload.key, bytes: 7 }));
    expect(await blobs.size(upload.key)).toBe(7);
  });

  describe('a completion that was interrupted', () => {
    const contents = [randomBytes(MIN_PART_BYTES), randomBytes(MIN_PART_BYTES + 3), randomBytes(1_000)];

    /** The state after a process was killed: the first part is joined, the second one half written. */
    async function interrupted() {
      const { multipart } = stores;
      const upload = await multipart.create();
      const parts = [];
      for (const [index, content] of contents.entries())
        parts.push(
          await multipart.writePart(upload, index + 1, { body: chunks(content), maxBytes: MAX_PART_BYTES }),
        );
      const place = join(folder, 'multipart', upload.key);
      const target = await joinParts(place, parts.slice(0, 1));
      await using file = await open(target, 'r+');
      await file.write(randomBytes(1_000_000), 0, 1_000_000, MIN_PART_BYTES);
      return { multipart, upload, parts, place };
    }

    it('is continued without the parts that are joined, which are still listed', async () => {
      const { multipart, upload, parts, place } = await interrupted();
      expect((await readdir(place)).sort()).toEqual(['00001.joined', '00002', '00003', 'joined']);
      expect(await multipart.parts(upload)).toEqual(parts);
      const bytes = contents.reduce((sum, content) => sum + content.length, 0);
      expect(await multipart.complete(upload, parts)).toEqual({ key: upload.key, bytes });
      const whole = await buffer(await stores.blobs.open(upload.key));
      expect(whole.equals(Buffer.concat(contents))).toBe(true);
      expect(await readdir(join(folder, 'multipart'))).toEqual([]);
    });

    it('takes a joined part again, and no other one in its place', async () => {
      const { multipart, upload, parts } = await interrupted();
      const send = (body: Buffer) =>
        multipart.writePart(upload, 1, { body: chunks(body), maxBytes: MAX_PART_BYTES });
      expect(await send(contents[0])).toEqual(parts[0]);
      const invalid = { code: 'MULTIPART_PARTS_INVALID' };
      await expect(send(randomBytes(MIN_PART_BYTES))).rejects.toMatchObject(invalid);
      await expect(multipart.complete(upload, parts.slice(1))).rejects.toMatchObject(invalid);
      await expect(multipart.complete(upload, parts)).resolves.toMatchObject({ key: upload.key });
    });

    it('ends with the same file when another process continues it too', async () => {
      const { multipart, upload, parts } = await interrupted();
      await Promise.all(
        [multipart, openStore(folder).multipart].map((store) => store.complete(upload, parts)),
      );
      const whole = await buffer(await stores.blobs.open(upload.key));
      expect(whole.equals(Buffer.concat(contents))).toBe(true);
    });
  });
});
