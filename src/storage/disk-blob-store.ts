import { copyFile, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../errors/app-error.js';
import { makeFolder } from './folders.js';
import type { BlobStore, ByteRange, ListedBlob, StoredBlob } from './blob-store.js';

const PARTIAL = '.part';
const KEY = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** {@link BlobStore} in a folder of the local disk: `<root>/<last two digits of the key>/<key>`, modes 0700 and 0600. */
export class DiskBlobStore implements BlobStore {
  readonly #root: string;

  /** @param root folder of the store; created when missing. Should be on the same file system as the temporary files */
  constructor(root: string) {
    this.#root = resolve(root);
  }

  async put(tempPath: string): Promise<StoredBlob> {
    const key = uuidv7();
    const target = this.#pathOf(key);
    const folder = dirname(target);
    await makeFolder(folder, 0o700);
    const bytes = await flush(tempPath);
    await this.#moveInto(tempPath, target);
    // The directory entries must survive a power failure as well, including that of a new folder.
    await flushFolder(folder);
    await flushFolder(this.#root);
    return { key, bytes };
  }

  async path(key: string): Promise<string> {
    await this.size(key);
    return this.#pathOf(key);
  }

  async open(key: string, range?: ByteRange): Promise<Readable> {
    const file = await open(this.#pathOf(key), 'r').catch((cause: unknown) => {
      throw missingOr(cause, key);
    });
    return file.createReadStream(range ? { start: range.start, end: range.end } : {});
  }

  async size(key: string): Promise<number> {
    const facts = await stat(this.#pathOf(key)).catch((cause: unknown) => {
      throw missingOr(cause, key);
    });
    return facts.size;
  }

  async *list(): AsyncGenerator<ListedBlob> {
    for (const folder of await namesIn(this.#root)) {
      for (const name of await namesIn(join(this.#root, folder))) {
        const partial = name.endsWith(PARTIAL);
        const key = partial ? name.slice(0, -PARTIAL.length) : name;
        if (!KEY.test(key) || key.slice(-2) !== folder) continue;
        const facts = await stat(join(this.#root, folder, name)).catch(() => null);
        if (facts?.isFile()) yield { key, bytes: facts.size, modifiedAt: facts.mtime, partial };
      }
    }
  }

  async remove(key: string): Promise<void> {
    const path = this.#pathOf(key);
    await rm(path, { force: true });
    await rm(`${path}${PARTIAL}`, { force: true });
  }

  async exists(key: string): Promise<boolean> {
    return stat(this.#pathOf(key)).then(
      () => true,
      (cause: unknown) => {
        if (isNotFound(cause)) return false;
        throw cause;
      },
    );
  }

  #pathOf(key: string): string {
    // Keys come from our own database; a value that is not a UUID is a bug and must not become a path.
    if (!KEY.test(key)) throw new TypeError('a blob key must be a uuid in lower case');
    // The end of a UUIDv7 is random, its beginning a timestamp: using the end distributes files over 256 folders.
    return join(this.#root, key.slice(-2), key);
  }

  async #moveInto(tempPath: string, target: string): Promise<void> {
    try {
      await rename(tempPath, target);
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw error;
      // On another file system, copy next to the target first, because only a rename is atomic.
      const copy = `${target}${PARTIAL}`;
      try {
        await copyFile(tempPath, copy);
        await flush(copy);
        await rename(copy, target);
      } catch (failure) {
        await rm(copy, { force: true });
        throw failure;
      }
      await rm(tempPath, { force: true });
    }
  }
}

/** Syncs a file to the disk and returns its size in bytes. */
async function flush(path: string): Promise<number> {
  await using file = await open(path, 'r+');
  await file.chmod(0o600);
  await file.sync();
  return (await file.stat()).size;
}

async function flushFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** Empty for a folder that does not exist or is a file. */
const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

function isNotFound(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function missingOr(cause: unknown, key: string): unknown {
  if (!isNotFound(cause)) return cause;
  return new AppError('MEDIA_MISSING', {
    message: `The stored file ${key} is missing.`,
    details: { key },
    cause,
  });
}
