import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { describeBlobStore } from '../../support/contracts/blob-store.contract.js';

describe('disk blob store', () => {
  describeBlobStore(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'blobs-'));
    return {
      store: new DiskBlobStore(join(folder, 'media')),
      close: () => rm(folder, { recursive: true, force: true }),
    };
  });

  let folder: string;
  let store: DiskBlobStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blobs-'));
    store = new DiskBlobStore(join(folder, 'media'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function put(content: string) {
    const temp = join(folder, 'upload.tmp');
    await writeFile(temp, content);
    return store.put(temp);
  }

  it('keeps files from other users of the machine', async () => {
    const { key } = await put('secret');
    const streamed = await store.putStream(oneChunk('secret'), { bytes: 6 });
    for (const stored of [key, streamed.key])
      expect((await stat(await store.path(stored))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'media'))).mode & 0o077).toBe(0);
  });

  it('leaves the temporary file alone when it cannot publish it', async () => {
    await writeFile(join(folder, 'media'), 'a file where the folder should be');
    await expect(put('kept')).rejects.toThrow();
    expect(await readFile(join(folder, 'upload.tmp'), 'utf8')).toBe('kept');
  });
});

async function* oneChunk(content: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(content));
}
