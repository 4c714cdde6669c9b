import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';

let folder: string;
let store: DiskBlobStore;

describe('disk blob store', () => {
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

  it('takes a temporary file over and hands out the same bytes', async () => {
    const { key, bytes } = await put('0123456789');
    expect(bytes).toBe(10);
    expect(await readdir(folder)).toEqual(['media']);
    expect(await text(await store.open(key))).toBe('0123456789');
    expect(await readFile(await store.path(key), 'utf8')).toBe('0123456789');
    expect(await store.size(key)).toBe(10);
  });

  it('gives ranges with both ends included', async () => {
    const { key } = await put('0123456789');
    expect(await text(await store.open(key, { start: 2, end: 4 }))).toBe('234');
    expect(await text(await store.open(key, { start: 9, end: 9 }))).toBe('9');
  });

  it('gives every file a key of its own', async () => {
    const keys = [(await put('same')).key, (await put('same')).key];
    expect(new Set(keys).size).toBe(2);
  });

  it('keeps files from other users of the machine', async () => {
    const { key } = await put('secret');
    expect((await stat(await store.path(key))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'media'))).mode & 0o077).toBe(0);
  });

  it('removes once and again, and then says MEDIA_MISSING', async () => {
    const { key } = await put('x');
    expect(await store.exists(key)).toBe(true);
    await store.remove(key);
    await store.remove(key);
    expect(await store.exists(key)).toBe(false);
    const missing = { name: 'AppError', code: 'MEDIA_MISSING', kind: 'gone' };
    await expect(store.open(key)).rejects.toMatchObject(missing);
    await expect(store.path(key)).rejects.toMatchObject(missing);
    await expect(store.size(key)).rejects.toMatchObject(missing);
  });

  it('never makes a path of anything but a uuid', async () => {
    await mkdir(join(folder, 'media'), { recursive: true });
    await writeFile(join(folder, 'secret'), 'x');
    for (const key of ['../secret', '../../secret', '/etc/passwd', '', 'A'.repeat(36)]) {
      await expect(store.exists(key)).rejects.toThrow(TypeError);
      await expect(store.remove(key)).rejects.toThrow(TypeError);
    }
  });

  it('leaves the temporary file alone when it cannot publish it', async () => {
    await writeFile(join(folder, 'media'), 'a file where the folder should be');
    await expect(put('kept')).rejects.toThrow();
    expect(await readFile(join(folder, 'upload.tmp'), 'utf8')).toBe('kept');
  });
});
