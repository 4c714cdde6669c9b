import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { DiskMultipartStore } from '../../../src/storage/disk-multipart-store.js';
import { MAX_PART_BYTES, type MultipartUpload } from '../../../src/storage/multipart-store.js';
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
});
