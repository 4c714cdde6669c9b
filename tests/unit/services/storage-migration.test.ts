import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { StorageMigration } from '../../../src/services/storage-migration.js';
import type { ListedBlob } from '../../../src/storage/blob-store.js';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';

let folder: string;
let source: DiskBlobStore;
let target: DiskBlobStore;

async function* content(bytes: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(bytes));
}

const put = async (store: DiskBlobStore, bytes: string, key?: string) =>
  (await store.putStream(content(bytes), { bytes: bytes.length, key })).key;

async function keysOf(store: DiskBlobStore): Promise<string[]> {
  const listed: ListedBlob[] = [];
  for await (const blob of store.list()) listed.push(blob);
  return listed.map(({ key }) => key).sort();
}

describe('storage migration', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'migration-'));
    source = new DiskBlobStore(join(folder, 'source'));
    target = new DiskBlobStore(join(folder, 'target'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('copies every file under its key, and nothing when repeated', async () => {
    const keys = await Promise.all(Array.from({ length: 11 }, (_, index) => put(source, `file ${index}`)));
    const migration = new StorageMigration(source, target);
    expect(await migration.copy()).toMatchObject({ copied: 11, present: 0, deleted: 0, failed: [] });
    expect(await keysOf(target)).toEqual([...keys].sort());
    expect(await text(await target.open(keys[7]))).toBe('file 7');
    expect(await migration.copy()).toMatchObject({ copied: 0, present: 11, failed: [] });
  });

  it('copies a file again whose copy has another size', async () => {
    const key = await put(source, 'whole');
    await put(target, 'who', key);
    expect(await new StorageMigration(source, target).copy()).toMatchObject({ copied: 1 });
    expect(await text(await target.open(key))).toBe('whole');
  });

  it('keeps no copy of a file that is deleted while it is copied', async () => {
    const key = await put(source, 'content');
    class Deleting extends DiskBlobStore {
      override async putStream(...given: Parameters<DiskBlobStore['putStream']>) {
        const stored = await super.putStream(...given);
        await source.remove(key);
        return stored;
      }
    }
    const slow = new Deleting(join(folder, 'target'));
    expect(await new StorageMigration(source, slow).copy()).toMatchObject({ copied: 0, deleted: 1 });
    expect(await keysOf(target)).toEqual([]);
  });

  it('reports and removes a copy that reads differently than it was written', async () => {
    const key = await put(source, 'content');
    class Damaging extends DiskBlobStore {
      override async putStream(...given: Parameters<DiskBlobStore['putStream']>) {
        await super.putStream(...given);
        return super.putStream(content('damaged'), { key, bytes: 7 });
      }
    }
    const report = await new StorageMigration(source, new Damaging(join(folder, 'target'))).copy();
    expect(report).toMatchObject({ copied: 0, failed: [{ key }] });
    expect(await keysOf(target)).toEqual([]);
  });

  it('removes from the source only what the target has with the same content', async () => {
    const [copied, other, missing] = [
      await put(source, 'copied'),
      await put(source, 'one'),
      await put(source, 'x'),
    ];
    await put(target, 'copied', copied);
    await put(target, 'two', other);
    const report = await new StorageMigration(source, target).removeSource();
    expect(report).toEqual({ removed: 1, removedBytes: 6, kept: 2 });
    expect(await keysOf(source)).toEqual([other, missing].sort());
  });
});
