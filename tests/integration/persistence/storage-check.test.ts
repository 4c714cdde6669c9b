import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StorageCheckService } from '../../../src/services/storage-check.service.js';
import { StorageHashCheck } from '../../../src/services/storage-hashes.js';
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

  async function named(
    storageKeys: readonly string[],
    contents: readonly string[] = [],
  ): Promise<readonly string[]> {
    const { id: userId } = await openAccount(world);
    const { id } = await openDataset(world, userId);
    const factsOf = (content: string) => ({
      bytes: Buffer.byteLength(content),
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    const media = storageKeys.map((storageKey, index) =>
      newMedia(userId, { storageKey, ...(index in contents && factsOf(contents[index])) }),
    );
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

  it('leaves the file of an upload that waits for credits', async () => {
    await named([await stored('kept')]);
    const joined = await stored('joined from its parts');
    const { id: userId } = await openAccount(world);
    const { id: datasetId } = await openDataset(world, userId);
    await world.unitOfWork.run(({ uploads }) =>
      uploads.create({
        ...{ id: joined, userId, datasetId, protocol: 'multipart', kind: 'videos', role: 'source' },
        ...{ sourceId: null, name: 'clip.mp4', extension: 'mp4', isArchive: false, options: {} },
        ...{ bytes: 21, partBytes: 21, partCount: 1, storeId: joined, lifetimeMs: 72 * HOUR_MS },
        ...{ quote: { preset: 'upload', version: 1, total: 0, lines: [] }, held: 0n },
      }),
    );
    const report = await service.check(24 * HOUR_MS);
    expect(report).toMatchObject({ orphans: [], uploads: 1, young: 0 });
    expect(await service.clean(report)).toBe(0);
    expect(await store.exists(joined)).toBe(true);
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

  it('finds files whose bytes are not those of their rows', async () => {
    const contents = ['same', 'changed', 'shorter', 'gone'];
    const keys: string[] = [];
    for (const content of contents) keys.push(await stored(content));
    const [, changed, shorter, gone] = keys;
    const ids = await named(keys, contents);
    await writeFile(await store.path(changed), 'CHANGED');
    await writeFile(await store.path(shorter), 'short');
    const goneFrom = await store.path(gone);
    await store.remove(gone);
    const seen: number[] = [];
    const { files, bytes, damaged } = await new StorageHashCheck(world.unitOfWork.read.datasets, store).run(
      (report) => seen.push(report.files),
    );
    expect([files, bytes, seen]).toEqual([3, 'samechangedshorter'.length, [1, 2, 3]]);
    const reasons = new Map(damaged.map(({ media, reason }) => [media.id, reason]));
    expect([...reasons.keys()].sort()).toEqual([ids[1], ids[2]].sort());
    expect(reasons.get(ids[1])).toMatch(/SHA-256/);
    expect(reasons.get(ids[2])).toMatch(/5 bytes instead of the declared 7/);

    const check = (...args: string[]) =>
      spawnSync(process.execPath, [path.resolve('dist', 'scripts', 'storage.js'), 'check', ...args], {
        encoding: 'utf8',
        env: {
          ...{ PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, NODE_ENV: 'development' },
          ...{ DATABASE_URL: world.database.url, DATA_DIR: folder, MEDIA_DIR: path.join(folder, 'media') },
        },
      });
    await writeFile(goneFrom, 'gone');
    expect(check()).toMatchObject({ status: 0 });
    const compared = check('--hashes');
    expect(compared.stdout).toContain('4 files read');
    expect(compared.stdout).toContain('2 of them damaged');
    expect(compared.stdout).toContain(`media ${ids[1]}`);
    expect(compared.status).toBe(1);
  });

  it('removes nothing for a database that knows none of the files', async () => {
    const key = await stored('of another database');
    const report = await service.check(24 * HOUR_MS);
    expect(report.orphans).toHaveLength(1);
    await expect(service.clean(report)).rejects.toMatchObject({ code: 'STORAGE_UNKNOWN', kind: 'conflict' });
    expect(await store.exists(key)).toBe(true);
  });
});
