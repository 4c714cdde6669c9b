import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StorageCheckService } from '../../../src/services/storage-check.service.js';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { newMedia, openAccount, openDataset } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

const HOUR_MS = 3_600_000;
const TWO_DAYS_AGO = new Date(Date.now() - 48 * HOUR_MS);

let world: RealPersistence;
let folder: string;
let store: DiskBlobStore;
let service: StorageCheckService;

describe('storage check', () => {
  beforeEach(async () => {
    world = await openRealPersistence();
    folder = await mkdtemp(path.join(tmpdir(), 'storage-check-'));
    store = new DiskBlobStore(path.join(folder, 'media'));
    service = new StorageCheckService(world.unitOfWork.read, store);
  });
  afterEach(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A stored file that was written two days ago, unless it shall be new. */
  async function stored(content: string, age: 'old' | 'new' = 'old'): Promise<string> {
    const temp = path.join(folder, 'upload.tmp');
    await writeFile(temp, content);
    const { key } = await store.put(temp);
    if (age === 'old') await utimes(await store.path(key), TWO_DAYS_AGO, TWO_DAYS_AGO);
    return key;
  }

  async function named(storageKeys: readonly string[]): Promise<readonly string[]> {
    const { id: userId } = await openAccount(world);
    const { id } = await openDataset(world, userId);
    const media = storageKeys.map((storageKey) => newMedia(userId, { storageKey }));
    await world.unitOfWork.run(({ datasets }) =>
      datasets.addItems(
        id,
        media.map((source) => ({ source })),
      ),
    );
    return media.map((source) => source.id);
  }

  it('removes what no row names, and nothing else', async () => {
    const kept = await stored('kept');
    const stray = await stored('stray');
    const young = await stored('an upload that is about to be committed', 'new');
    await named([kept]);
    const report = await service.check(24 * HOUR_MS);
    expect(report).toMatchObject({ files: 3, rows: 1, young: 1, lost: [] });
    expect(report.bytes).toBe(
      'kept'.length + 'stray'.length + 'an upload that is about to be committed'.length,
    );
    expect(report.orphans.map(({ key }) => key)).toEqual([stray]);
    expect(await service.clean(report)).toBe(1);
    expect(await store.exists(stray)).toBe(false);
    expect(await store.exists(kept)).toBe(true);
    expect(await store.exists(young)).toBe(true);
    expect((await service.check(24 * HOUR_MS)).orphans).toEqual([]);
  });

  it('lists rows whose file is missing', async () => {
    const [kept, gone] = [await stored('kept'), await stored('gone')];
    const [, mediaId] = await named([kept, gone]);
    await store.remove(gone);
    const { lost } = await service.check(24 * HOUR_MS);
    expect(lost).toEqual([expect.objectContaining({ mediaId, storageKey: gone })]);
  });

  it('removes what an interrupted copy left, without touching a file of the same key', async () => {
    const [kept, unknown] = [await stored('kept'), await stored('unknown')];
    await named([kept]);
    for (const key of [kept, unknown]) {
      const partial = `${await store.path(key)}.part`;
      await writeFile(partial, 'half of');
      await utimes(partial, TWO_DAYS_AGO, TWO_DAYS_AGO);
    }
    await service.clean(await service.check(24 * HOUR_MS));
    expect(await store.exists(kept)).toBe(true);
    const left: string[] = [];
    for await (const { key, partial } of store.list()) left.push(partial ? `${key} partial` : key);
    expect(left.sort()).toEqual([kept, `${kept} partial`].sort());
  });

  it('removes nothing for a database that knows none of the files', async () => {
    const key = await stored('of another database');
    const report = await service.check(24 * HOUR_MS);
    expect(report.orphans).toHaveLength(1);
    await expect(service.clean(report)).rejects.toMatchObject({ code: 'STORAGE_UNKNOWN', kind: 'conflict' });
    expect(await store.exists(key)).toBe(true);
  });
});
