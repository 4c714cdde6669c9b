import { copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../errors/app-error.js';
import { isBlobKey, requireBlobKey } from './blob-key.js';
import type {
  BlobStore,
  BorrowedFile,
  ByteRange,
  HashedBlob,
  IncomingBlob,
  KnownBlob,
  ListedBlob,
  StoredBlob,
} from './blob-store.js';
import { CheckedContent } from './checked-content.js';
import { codeOf, flushFile, flushFolder, isNotFound, namesIn } from './disk-files.js';
import { makeFolder } from './folders.js';

const PARTIAL = '.part';

/** {@link BlobStore} in a folder of the local disk: `<root>/<last two digits of the key>/<key>`, modes 0700 and 0600. */
export class DiskBlobStore implements BlobStore {
  readonly #root: string;

  /** @param root folder of the store; created when missing. Should be on the same file system as the temporary files */
  constructor(root: string) {
    this.#root = resolve(root);
  }

  /** The checksum is not compared: a file that is renamed keeps its bytes. */
  async put(tempPath: string, { key = uuidv7() }: KnownBlob = {}): Promise<StoredBlob> {
    return { key, bytes: await this.adopt(tempPath, key) };
  }

  /**
   * Moves a finished file into the store under a key.
   * @returns its size in bytes
   */
  async adopt(tempPath: string, key: string): Promise<number> {
    const target = await this.#placeFor(key);
    const bytes = await flushFile(tempPath);
    await this.#moveInto(tempPath, target);
    await this.#flushEntries(target);
    return bytes;
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    { key = uuidv7(), ...declared }: IncomingBlob,
  ): Promise<HashedBlob> {
    const target = await this.#placeFor(key);
    const partial = `${target}${PARTIAL}`;
    const content = new CheckedContent(source, declared);
    try {
      await writeNew(partial, content);
      await rename(partial, target);
    } catch (failure) {
      await rm(partial, { force: true });
      throw failure;
    }
    await this.#flushEntries(target);
    return { key, bytes: declared.bytes, sha256: content.sha256 };
  }

  async borrow(key: string): Promise<BorrowedFile> {
    const path = await this.path(key);
    return { path, [Symbol.asyncDispose]: () => Promise.resolve() };
  }

  /** Path of a stored file. @throws AppError MEDIA_MISSING (gone) */
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
        if (!isBlobKey(key) || key.slice(-2) !== folder) continue;
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
    requireBlobKey(key);
    // The end of a UUIDv7 is random, its beginning a timestamp: using the end distributes files over 256 folders.
    return join(this.#root, key.slice(-2), key);
  }

  async #placeFor(key: string): Promise<string> {
    const target = this.#pathOf(key);
    await makeFolder(dirname(target), 0o700);
    return target;
  }

  /** The directory entries must survive a power failure as well, including that of a new folder. */
  async #flushEntries(target: string): Promise<void> {
    await flushFolder(dirname(target));
    await flushFolder(this.#root);
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
        await flushFile(copy);
        await rename(copy, target);
      } catch (failure) {
        await rm(copy, { force: true });
        throw failure;
      }
      await rm(tempPath, { force: true });
    }
  }
}

/** Writes a private file and syncs it to the disk. */
async function writeNew(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  for await (const chunk of content) await file.appendFile(chunk);
  await file.sync();
}

function missingOr(cause: unknown, key: string): unknown {
  if (!isNotFound(cause)) return cause;
  return new AppError('MEDIA_MISSING', {
    message: `The stored file ${key} is missing.`,
    details: { key },
    cause,
  });
}
