import type { Readable } from 'node:stream';
import { AppError } from '../errors/app-error.js';
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

/** Stores files in one store and finds those that are still in another one, from which they are migrated. */
export class FallbackBlobStore implements BlobStore {
  readonly #primary: BlobStore;
  readonly #fallback: BlobStore;

  constructor(primary: BlobStore, fallback: BlobStore) {
    this.#primary = primary;
    this.#fallback = fallback;
  }

  put(tempPath: string, known?: KnownBlob): Promise<StoredBlob> {
    return this.#primary.put(tempPath, known);
  }

  putStream(source: AsyncIterable<Uint8Array>, content: IncomingBlob): Promise<HashedBlob> {
    return this.#primary.putStream(source, content);
  }

  borrow(key: string, sha256?: string): Promise<BorrowedFile> {
    return this.#find((store) => store.borrow(key, sha256));
  }

  open(key: string, range?: ByteRange): Promise<Readable> {
    return this.#find((store) => store.open(key, range));
  }

  size(key: string): Promise<number> {
    return this.#find((store) => store.size(key));
  }

  /** A file in both stores is listed once. */
  async *list(): AsyncGenerator<ListedBlob> {
    const listed = new Set<string>();
    for await (const blob of this.#primary.list()) {
      if (!blob.partial) listed.add(blob.key);
      yield blob;
    }
    for await (const blob of this.#fallback.list()) if (!listed.has(blob.key)) yield blob;
  }

  /** The fallback first: a migration that copies the file at this moment then sees that it was removed. */
  async remove(key: string): Promise<void> {
    await this.#fallback.remove(key);
    await this.#primary.remove(key);
  }

  async exists(key: string): Promise<boolean> {
    return (
      (await this.#primary.exists(key)) ||
      (await this.#fallback.exists(key)) ||
      // It may have been migrated between the two questions.
      this.#primary.exists(key)
    );
  }

  async #find<Result>(read: (store: BlobStore) => Promise<Result>): Promise<Result> {
    const inPrimary = () => read(this.#primary);
    return inPrimary()
      .catch((error: unknown) => {
        if (isMissing(error)) return read(this.#fallback);
        throw error;
      })
      .catch((error: unknown) => {
        // It may have been migrated between the two attempts.
        if (isMissing(error)) return inPrimary();
        throw error;
      });
  }
}

const isMissing = (error: unknown): boolean => error instanceof AppError && error.code === 'MEDIA_MISSING';
