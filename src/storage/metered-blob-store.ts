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
import type { StorageMeter } from './storage-meter.js';

/** Errors about the caller's content or key; the storage did what it should. */
const EXPECTED = new Set(['MEDIA_MISSING', 'CONTENT_MISMATCH']);

/** A {@link BlobStore} whose operations are counted and timed. */
export class MeteredBlobStore implements BlobStore {
  readonly #store: BlobStore;
  readonly #storage: string;
  readonly #meter: StorageMeter;

  /** @param storage label of the figures, such as `disk` */
  constructor(store: BlobStore, storage: string, meter: StorageMeter) {
    this.#store = store;
    this.#storage = storage;
    this.#meter = meter;
  }

  async put(tempPath: string, known?: KnownBlob): Promise<StoredBlob> {
    return this.#written(await this.#timed('put', () => this.#store.put(tempPath, known)));
  }

  async putStream(source: AsyncIterable<Uint8Array>, content: IncomingBlob): Promise<HashedBlob> {
    return this.#written(await this.#timed('put', () => this.#store.putStream(source, content)));
  }

  borrow(key: string, sha256?: string): Promise<BorrowedFile> {
    return this.#timed('borrow', () => this.#store.borrow(key, sha256));
  }

  /** The time until the stream is open. */
  open(key: string, range?: ByteRange): Promise<Readable> {
    return this.#timed('open', () => this.#store.open(key, range));
  }

  size(key: string): Promise<number> {
    return this.#timed('size', () => this.#store.size(key));
  }

  list(): AsyncIterable<ListedBlob> {
    return this.#store.list();
  }

  remove(key: string): Promise<void> {
    return this.#timed('remove', () => this.#store.remove(key));
  }

  exists(key: string): Promise<boolean> {
    return this.#timed('exists', () => this.#store.exists(key));
  }

  #written<Blob extends StoredBlob>(blob: Blob): Blob {
    this.#meter.add('storage_written_bytes_total', { storage: this.#storage }, blob.bytes);
    return blob;
  }

  async #timed<Value>(operation: string, work: () => Promise<Value>): Promise<Value> {
    const labels = { storage: this.#storage, operation };
    const start = performance.now();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError && EXPECTED.has(error.code)))
        this.#meter.add('storage_errors_total', labels);
      throw error;
    } finally {
      this.#meter.observe('storage_operation_seconds', labels, (performance.now() - start) / 1000);
    }
  }
}
