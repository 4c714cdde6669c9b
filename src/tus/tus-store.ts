import { createReadStream, createWriteStream } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataStore, Upload } from '@tus/utils';
import type { ResumableStore } from '../storage/resumable-store.js';
import { currentExchange } from './tus-exchange.js';
import { checked, type UploadChecksum } from './upload-checksum.js';

/** An empty folder for the body of one request. */
export type SpoolFolder = () => Promise<{ readonly path: string; remove(): Promise<void> }>;

/** Extensions of tus 1.0 that are supported. */
const TUS_EXTENSIONS = ['creation', 'creation-with-upload', 'expiration', 'termination', 'checksum'] as const;

/** Bytes are in a {@link ResumableStore}; everything else about an upload is in the product. */
export class TusStore extends DataStore {
  override extensions = [...TUS_EXTENSIONS];
  readonly #files: ResumableStore;
  readonly #lifetimeMs: number;
  readonly #spoolFolder: SpoolFolder;

  constructor(
    files: ResumableStore,
    { lifetimeMs, spoolFolder }: { readonly lifetimeMs: number; readonly spoolFolder: SpoolFolder },
  ) {
    super();
    this.#files = files;
    this.#lifetimeMs = lifetimeMs;
    this.#spoolFolder = spoolFolder;
  }

  /** The product has made the place for the bytes, together with the row. */
  override async create(upload: Upload): Promise<Upload> {
    upload.creation_date = new Date().toISOString();
    return upload;
  }

  override async write(body: Readable, id: string, offset: number): Promise<number> {
    const { checksum } = currentExchange();
    if (!checksum) return this.#files.append(id, offset, body);
    return this.#writeChecked(body, { id, offset, checksum });
  }

  override async getUpload(id: string): Promise<Upload> {
    const { size, metadata, createdAt, isReceived } = await currentExchange().uploads.find(id);
    return new Upload({
      id,
      size,
      offset: isReceived ? size : await this.#files.size(id),
      metadata: { ...metadata },
      creation_date: createdAt.toISOString(),
    });
  }

  override async remove(id: string): Promise<void> {
    await currentExchange().uploads.terminate(id);
  }

  override getExpiration(): number {
    return this.#lifetimeMs;
  }

  /** Nothing of a body with a wrong checksum may be appended, so it is read to its end first. */
  async #writeChecked(
    body: Readable,
    { id, offset, checksum }: { id: string; offset: number; checksum: UploadChecksum },
  ): Promise<number> {
    const folder = await this.#spoolFolder();
    try {
      const file = path.join(folder.path, 'body');
      await pipeline(checked(body, checksum), createWriteStream(file, { mode: 0o600 }));
      return await this.#files.append(id, offset, createReadStream(file));
    } finally {
      await folder.remove();
    }
  }
}
