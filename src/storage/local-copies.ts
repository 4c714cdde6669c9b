import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../errors/app-error.js';
import { isBlobKey, requireBlobKey } from './blob-key.js';
import type { BorrowedFile } from './blob-store.js';
import { CheckedContent } from './checked-content.js';
import { isNotFound, namesIn } from './disk-files.js';
import { makeFolder } from './folders.js';
import type { StorageMeter } from './storage-meter.js';
import { linkOrCopy } from './link-or-copy.js';
import { TempFolders, type TempFolder } from './temp-folders.js';

/** Content of a file elsewhere. */
export interface RemoteContent {
  readonly bytes: number;
  /** In hexadecimal, where it is known. */
  readonly sha256?: string;
  readonly stream: AsyncIterable<Uint8Array>;
  /** Ends the transfer of a stream that is not read. */
  cancel(): void;
}

/** Limits of {@link LocalCopies}. */
export interface LocalCopiesLimits {
  /** Copies in use are kept beyond this. */
  readonly maxBytes: number;
  /** Throws STORAGE_FULL while the disk has no room for so many bytes. */
  readonly requireSpace?: (bytes: number) => Promise<void>;
  readonly meter?: StorageMeter;
}

/** A finished download, kept until everyone who waited for it has a link. */
interface Download {
  readonly path: string;
  users: number;
}

interface Copy {
  readonly path: string;
  readonly bytes: number;
  readonly usedAt: number;
  readonly inUse: boolean;
}

/** A damaged transfer is repeated once before the stored file counts as damaged. */
const ATTEMPTS = 2;

/**
 * Local copies of remote files, the least recently used of which are removed beyond a total size. All processes of a
 * machine share them. Each use has a hard link of its own, which shows other processes that a copy is in use and keeps its
 * bytes whatever happens to the copy. Links and partial copies of dead processes are removed by {@link clean}.
 */
export class LocalCopies {
  readonly #files: string;
  readonly #limits: LocalCopiesLimits;
  readonly #folders: TempFolders;
  readonly #downloads = new Map<string, Promise<Download>>();
  #links: Promise<TempFolder> | null = null;
  #evicting: Promise<void> = Promise.resolve();

  /** @param root folder of their own on the local disk; created when missing */
  constructor(root: string, limits: LocalCopiesLimits) {
    this.#files = join(resolve(root), 'files');
    this.#folders = new TempFolders(resolve(root));
    this.#limits = limits;
  }

  /** Removes what dead processes left, and copies beyond the total size. Safe while other processes are running. */
  async clean(): Promise<void> {
    await this.#folders.sweep();
    await this.#evict(0);
  }

  /**
   * A copy of a file, which is downloaded if there is none; concurrent calls for one key download it once.
   * @param download starts the download
   * @throws AppError MEDIA_DAMAGED (gone), STORAGE_FULL, and errors of `download`
   */
  async borrow(key: string, download: () => Promise<RemoteContent>): Promise<BorrowedFile> {
    const copy = this.#pathOf(key);
    const path = await this.#newLink();
    const isThere = await linkTo(copy, path);
    this.#limits.meter?.add('storage_cache_requests_total', { result: isThere ? 'hit' : 'miss' });
    if (isThere) {
      const now = new Date();
      await utimes(copy, now, now).catch(() => undefined);
    } else {
      await this.#linkToDownload(key, path, download);
    }
    return {
      path,
      [Symbol.asyncDispose]: async () => {
        await rm(path, { force: true });
        await this.#evict(0);
      },
    };
  }

  /** Moves a finished file here as the copy of `key`, or removes it where that is not possible. */
  async adopt(key: string, path: string): Promise<void> {
    const copy = this.#pathOf(key);
    try {
      await makeFolder(dirname(copy), 0o700);
      await rename(path, copy);
      await this.#evict(0);
    } catch {
      await rm(path, { force: true });
    }
  }

  /** Removes a copy; who uses it keeps its bytes. Idempotent. */
  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  #pathOf(key: string): string {
    requireBlobKey(key);
    return join(this.#files, key.slice(-2), key);
  }

  async #newLink(): Promise<string> {
    this.#links ??= this.#folders.create('links', `${process.pid}-${randomUUID()}`);
    return (await this.#links).file(randomUUID());
  }

  async #linkToDownload(key: string, path: string, start: () => Promise<RemoteContent>): Promise<void> {
    let downloading = this.#downloads.get(key);
    if (!downloading) {
      downloading = this.#download(key, start).finally(() => this.#downloads.delete(key));
      this.#downloads.set(key, downloading);
    }
    const download = await downloading;
    download.users += 1;
    try {
      await linkOrCopy(download.path, path);
    } finally {
      download.users -= 1;
      if (download.users === 0) await rm(download.path, { force: true });
    }
  }

  async #download(key: string, start: () => Promise<RemoteContent>): Promise<Download> {
    const path = await this.#newLink();
    try {
      for (let attempt = 1; !(await this.#receive(path, start, attempt === ATTEMPTS)); attempt += 1);
      const copy = this.#pathOf(key);
      await makeFolder(dirname(copy), 0o700);
      const published = `${path}.copy`;
      await linkOrCopy(path, published);
      await rename(published, copy);
      return { path, users: 0 };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** @returns false if the bytes were damaged and may be received again */
  async #receive(path: string, start: () => Promise<RemoteContent>, last: boolean): Promise<boolean> {
    const { stream, cancel, ...declared } = await start();
    try {
      await this.#limits.requireSpace?.(declared.bytes);
      await this.#evict(declared.bytes);
      await using file = await open(path, 'w', 0o600);
      for await (const chunk of new CheckedContent(stream, declared)) await file.appendFile(chunk);
      // A copy must not appear with other bytes after a power failure.
      await file.sync();
      this.#limits.meter?.add('storage_cache_fetched_bytes_total', {}, declared.bytes);
      return true;
    } catch (error) {
      cancel();
      if (!(error instanceof AppError) || error.code !== 'CONTENT_MISMATCH') throw error;
      if (!last) return false;
      const message = `A stored file is damaged: ${error.message}`;
      throw new AppError('MEDIA_DAMAGED', { message, details: error.details, cause: error });
    }
  }

  /** Makes room for a number of bytes, one call after the other. */
  #evict(incomingBytes: number): Promise<void> {
    this.#evicting = this.#evicting.then(() => this.#evictNow(incomingBytes)).catch(() => undefined);
    return this.#evicting;
  }

  async #evictNow(incomingBytes: number): Promise<void> {
    const copies = await this.#list();
    let excess = copies.reduce((sum, { bytes }) => sum + bytes, incomingBytes) - this.#limits.maxBytes;
    if (excess <= 0) return;
    for (const { path, bytes, inUse } of copies.sort((one, other) => one.usedAt - other.usedAt)) {
      if (excess <= 0) return;
      if (inUse) continue;
      await rm(path, { force: true });
      excess -= bytes;
    }
  }

  async #list(): Promise<Copy[]> {
    const copies: Copy[] = [];
    for (const folder of await namesIn(this.#files)) {
      for (const name of await namesIn(join(this.#files, folder))) {
        const path = join(this.#files, folder, name);
        const facts = isBlobKey(name) ? await stat(path).catch(() => null) : null;
        if (facts) copies.push({ path, bytes: facts.size, usedAt: facts.mtimeMs, inUse: facts.nlink > 1 });
      }
    }
    return copies;
  }
}

/** @returns false if there is no such file */
async function linkTo(existing: string, path: string): Promise<boolean> {
  try {
    await linkOrCopy(existing, path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
