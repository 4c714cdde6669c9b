import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import type { BlobStore, ListedBlob } from '../../../src/storage/blob-store.js';

/** What a contract suite of storage runs against. */
export interface BlobStoreHarness {
  readonly store: BlobStore;
  close(): Promise<void>;
}

const MISSING = { name: 'AppError', code: 'MEDIA_MISSING', kind: 'gone' };
const MISMATCH = { name: 'AppError', code: 'CONTENT_MISMATCH', kind: 'invalid' };

/** SHA-256 in hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function* pieces(content: Buffer, size = 100_003): AsyncGenerator<Buffer> {
  for (let start = 0; start < content.length; start += size) yield content.subarray(start, start + size);
}

/** What every {@link BlobStore} keeps to. */
export function describeBlobStore(open: () => Promise<BlobStoreHarness>): void {
  describe('blob store', () => {
    let harness: BlobStoreHarness;
    let folder: string;
    const store = () => harness.store;

    beforeAll(async () => {
      harness = await open();
      folder = await mkdtemp(join(tmpdir(), 'blob-contract-'));
    });
    afterAll(async () => {
      await harness.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function put(content: string | Buffer) {
      const temp = join(folder, randomUUID());
      await writeFile(temp, content);
      return store().put(temp);
    }

    async function listed(key: string): Promise<readonly ListedBlob[]> {
      const found: ListedBlob[] = [];
      for await (const blob of store().list()) if (blob.key === key) found.push(blob);
      return found;
    }

    async function readBorrowed(key: string): Promise<Buffer> {
      await using file = await store().borrow(key);
      return readFile(file.path);
    }

    it('takes a temporary file over and returns the same bytes in all ways', async () => {
      const { key, bytes } = await put('0123456789');
      expect(bytes).toBe(10);
      expect(await readdir(folder)).toEqual([]);
      expect(await text(await store().open(key))).toBe('0123456789');
      expect((await readBorrowed(key)).toString()).toBe('0123456789');
      expect(await store().size(key)).toBe(10);
      expect(await store().exists(key)).toBe(true);
    });

    it('returns ranges with both ends included', async () => {
      const { key } = await put('0123456789');
      expect(await text(await store().open(key, { start: 2, end: 4 }))).toBe('234');
      expect(await text(await store().open(key, { start: 0, end: 0 }))).toBe('0');
      expect(await text(await store().open(key, { start: 9, end: 9 }))).toBe('9');
    });

    it('stores a file under a key that was chosen before', async () => {
      const [key, temp] = ['01990000-0000-7000-8000-00000000abcd', join(folder, 'chosen')];
      await writeFile(temp, 'chosen');
      expect(await store().put(temp, { key })).toEqual({ key, bytes: 6 });
      expect(await text(await store().open(key))).toBe('chosen');
      await store().remove(key);
    });

    it('stores an empty file', async () => {
      const { key, bytes } = await put('');
      expect(bytes).toBe(0);
      expect(await text(await store().open(key))).toBe('');
      expect(await readBorrowed(key)).toHaveLength(0);
    });

    it('stores files of several parts and returns every byte', async () => {
      const content = randomBytes(17 * 2 ** 20 + 5);
      const { key, bytes } = await put(content);
      expect(bytes).toBe(content.length);
      expect(sha256(await buffer(await store().open(key)))).toBe(sha256(content));
      expect(sha256(await readBorrowed(key))).toBe(sha256(content));
      const range = { start: 8 * 2 ** 20 - 3, end: 8 * 2 ** 20 + 3 };
      expect(await buffer(await store().open(key, range))).toEqual(
        content.subarray(range.start, range.end + 1),
      );
    });

    it('gives every file a key of its own', async () => {
      const keys = [(await put('same')).key, (await put('same')).key];
      expect(new Set(keys).size).toBe(2);
    });

    it('stores a stream and says its checksum', async () => {
      const content = randomBytes(300_000);
      const stored = await store().putStream(pieces(content), { bytes: content.length });
      expect(stored).toMatchObject({ bytes: content.length, sha256: sha256(content) });
      expect(await buffer(await store().open(stored.key))).toEqual(content);
    });

    it('stores a large stream with its checksum under a given key, repeatedly', async () => {
      const content = randomBytes(9 * 2 ** 20);
      const key = randomUUID();
      const declared = { key, bytes: content.length, sha256: sha256(content) };
      expect(await store().putStream(pieces(content), declared)).toEqual(declared);
      expect(await store().putStream(pieces(content), declared)).toEqual(declared);
      expect(sha256(await readBorrowed(key))).toBe(declared.sha256);
      expect(await listed(key)).toHaveLength(1);
    });

    it.each([
      ['fewer bytes', { bytes: 11 }],
      ['more bytes', { bytes: 9 }],
      ['another checksum', { bytes: 10, sha256: 'ab'.repeat(32) }],
    ])('stores nothing of a stream with %s than declared', async (_, declared) => {
      const key = randomUUID();
      const content = Buffer.from('0123456789');
      await expect(store().putStream(pieces(content, 4), { key, ...declared })).rejects.toMatchObject(
        MISMATCH,
      );
      expect(await store().exists(key)).toBe(false);
      expect(await listed(key)).toEqual([]);
    });

    it('stores nothing of a large stream that fails', async () => {
      const key = randomUUID();
      async function* failing(): AsyncGenerator<Buffer> {
        yield* pieces(randomBytes(12 * 2 ** 20));
        throw new Error('the client is gone');
      }
      const declared = { key, bytes: 20 * 2 ** 20 };
      await expect(store().putStream(failing(), declared)).rejects.toThrow('the client is gone');
      expect(await store().exists(key)).toBe(false);
      expect(await listed(key)).toEqual([]);
    });

    it('keeps the temporary file when nothing could be stored', async () => {
      await expect(store().put(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('lists files with size and time', async () => {
      const { key } = await put('0123456789');
      const [found, ...others] = await listed(key);
      expect(others).toEqual([]);
      expect(found).toMatchObject({ key, bytes: 10, partial: false });
      // Stores have clocks of their own and give whole seconds.
      expect(Math.abs(found.modifiedAt.getTime() - Date.now())).toBeLessThan(3_600_000);
    });

    it('removes repeatedly, and then says MEDIA_MISSING', async () => {
      const { key } = await put('x');
      await store().remove(key);
      await store().remove(key);
      expect(await store().exists(key)).toBe(false);
      expect(await listed(key)).toEqual([]);
      await expect(store().open(key)).rejects.toMatchObject(MISSING);
      await expect(store().open(key, { start: 0, end: 0 })).rejects.toMatchObject(MISSING);
      await expect(store().size(key)).rejects.toMatchObject(MISSING);
    });

    it('refuses to lend a file that was never stored', async () => {
      await expect(store().borrow(randomUUID())).rejects.toMatchObject(MISSING);
    });

    it('takes nothing but a uuid for a key', async () => {
      for (const key of ['../secret', '../../secret', '/etc/passwd', '', 'A'.repeat(36)]) {
        await expect(store().exists(key)).rejects.toThrow(TypeError);
        await expect(store().remove(key)).rejects.toThrow(TypeError);
        await expect(store().borrow(key)).rejects.toThrow(TypeError);
        await expect(store().putStream(pieces(Buffer.from('x')), { key, bytes: 1 })).rejects.toThrow(
          TypeError,
        );
      }
    });
  });
}
