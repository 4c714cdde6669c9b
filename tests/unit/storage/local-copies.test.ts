import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BorrowedFile } from '../../../src/storage/blob-store.js';
import { LocalCopies, type RemoteContent } from '../../../src/storage/local-copies.js';
import { sha256 } from '../../support/contracts/blob-store.contract.js';

const content = (key: string, bytes = 10): Buffer => Buffer.alloc(bytes, key);

describe('local copies', () => {
  let root: string;
  let downloads: string[];
  let copies: LocalCopies;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'copies-'));
    downloads = [];
    copies = new LocalCopies(root, { maxBytes: 25 });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
    yield await Promise.resolve(bytes);
  }

  const download = (key: string, bytes = content(key)) => {
    return (): Promise<RemoteContent> => {
      downloads.push(key);
      const remote = {
        bytes: 10,
        sha256: sha256(content(key)),
        stream: once(bytes),
        cancel: () => undefined,
      };
      return Promise.resolve(remote);
    };
  };

  const borrow = (key: string, from = copies): Promise<BorrowedFile> => from.borrow(key, download(key));
  const giveBack = (file: BorrowedFile): PromiseLike<void> => file[Symbol.asyncDispose]();

  /** Borrows and gives back, as if it happened so many seconds ago. */
  async function use(key: string, secondsAgo: number): Promise<void> {
    await giveBack(await borrow(key));
    const usedAt = new Date(Date.now() - secondsAgo * 1000);
    await utimes(join(root, 'files', key.slice(-2), key), usedAt, usedAt);
  }

  async function kept(): Promise<string[]> {
    const folders = await readdir(join(root, 'files')).catch(() => []);
    return (await Promise.all(folders.map((folder) => readdir(join(root, 'files', folder))))).flat();
  }

  it('are downloaded once by concurrent readers, and not again', async () => {
    const key = randomUUID();
    const files = await Promise.all(Array.from({ length: 5 }, () => borrow(key)));
    files.push(await borrow(key));
    for (const { path } of files) expect(await readFile(path)).toEqual(content(key));
    expect(downloads).toEqual([key]);
    expect(new Set(files.map(({ path }) => path)).size).toBe(6);
  });

  it('are removed least recently used first, and never while in use', async () => {
    const [oldest, inUse, recent, newest] = Array.from({ length: 4 }, () => randomUUID());
    await use(oldest, 300);
    const file = await borrow(inUse);
    const usedAt = new Date(Date.now() - 400_000);
    await utimes(file.path, usedAt, usedAt);
    await use(recent, 100);
    expect((await kept()).sort()).toEqual([inUse, recent].sort());
    await use(newest, 50);
    expect((await kept()).sort()).toEqual([inUse, newest].sort());
    expect(await readFile(file.path)).toEqual(content(inUse));
    await giveBack(file);
  });

  it('in use by another process are kept as well', async () => {
    const key = randomUUID();
    const other = new LocalCopies(root, { maxBytes: 25 });
    const file = await borrow(key, other);
    await use(randomUUID(), 10);
    await use(randomUUID(), 5);
    expect(await kept()).toContain(key);
    await giveBack(file);
  });

  it('larger than the whole space are kept only while in use', async () => {
    const key = randomUUID();
    const small = new LocalCopies(root, { maxBytes: 5 });
    const file = await borrow(key, small);
    expect(await readFile(file.path)).toEqual(content(key));
    await giveBack(file);
    expect(await kept()).toEqual([]);
  });

  it('stay readable for their users when they are removed', async () => {
    const key = randomUUID();
    const file = await borrow(key);
    await copies.remove(key);
    expect(await kept()).toEqual([]);
    expect(await readFile(file.path)).toEqual(content(key));
  });

  it('with other bytes than stored are fetched again, then refused', async () => {
    const key = randomUUID();
    const damaged = copies.borrow(key, download(key, Buffer.alloc(10, 'x')));
    await expect(damaged).rejects.toMatchObject({ code: 'MEDIA_DAMAGED', kind: 'gone' });
    expect(downloads).toEqual([key, key]);
    expect(await kept()).toEqual([]);
    let sent = 0;
    const flaky = () => download(key, sent++ === 0 ? content(key).subarray(1) : content(key))();
    const file = await copies.borrow(key, flaky);
    expect(await readFile(file.path)).toEqual(content(key));
  });

  it('are not fetched while the disk is full', async () => {
    const full = new LocalCopies(root, {
      maxBytes: 25,
      requireSpace: () => Promise.reject(new Error('full')),
    });
    await expect(borrow(randomUUID(), full)).rejects.toThrow('full');
    expect(await kept()).toEqual([]);
  });

  it('of a killed process lose their links and partial files at the next start, its own stay', async () => {
    const dead = join(root, 'links', '1-dead');
    await mkdir(dead, { recursive: true });
    await writeFile(join(dead, '.owner'), JSON.stringify({ host: hostname(), pid: 2 ** 30, startedAt: '1' }));
    await writeFile(join(dead, 'partial'), 'some bytes');
    const file = await borrow(randomUUID());
    await copies.clean();
    expect(await readdir(join(root, 'links'))).toHaveLength(1);
    expect(await readFile(file.path)).toHaveLength(10);
  });

  it('take over a file that was just stored', async () => {
    const key = randomUUID();
    const temporary = join(root, 'upload');
    await writeFile(temporary, content(key));
    await copies.adopt(key, temporary);
    const file = await borrow(key);
    expect(await readFile(file.path)).toEqual(content(key));
    expect(downloads).toEqual([]);
  });
});
