import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  MANIFEST_NAME,
  MAX_ARCHIVE_ITEMS,
  type ArchiveFile,
  type ArchiveRange,
  type ArchiveWriter,
} from '../domain/dataset-archive.js';
import type { Media } from '../domain/dataset.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';
import type { BlobStore } from '../storage/blob-store.js';
import { archivePath, numberItems, writeManifest } from './archive-manifest.js';

/** Downloads of archives that one user may have at the same time in a process: each holds its manifest in memory. */
const MAX_OPEN_PER_USER = 2;
const RETRY_AFTER_SECONDS = 30;

/** An archive to be sent; disposing it allows its user the next one. */
export interface DatasetArchive extends Disposable {
  readonly bytes: number;
  /** Strong entity tag without quotes. */
  readonly tag: string;
  readonly modified: Date;
  readonly filename: string;
  /** @throws AppError MEDIA_MISSING, MEDIA_DAMAGED (gone) in the middle, when a file was removed meanwhile. */
  read(range?: ArchiveRange): AsyncIterable<Buffer>;
}

/** Dependencies of {@link DatasetArchiveService}. */
export interface DatasetArchiveServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly store: Pick<BlobStore, 'open'>;
  readonly writer: ArchiveWriter;
  readonly productVersion: string;
}

/** Archives of whole datasets: a manifest and all files as they are stored. */
export class DatasetArchiveService {
  readonly #deps: DatasetArchiveServiceDeps;
  readonly #open = new Map<string, number>();

  constructor(deps: DatasetArchiveServiceDeps) {
    this.#deps = deps;
  }

  /**
   * The archive of a dataset as it is now. Its bytes depend only on the dataset, so an interrupted download can go on as
   * long as the entity tag is the same.
   * @throws AppError NOT_FOUND, DATASET_TOO_LARGE, TOO_MANY_ARCHIVES
   */
  async open({ userId, id }: { readonly userId: string; readonly id: string }): Promise<DatasetArchive> {
    const release = this.#admit(userId);
    try {
      return { ...(await this.#describe(userId, id)), [Symbol.dispose]: release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #describe(userId: string, id: string): Promise<Omit<DatasetArchive, keyof Disposable>> {
    const { unitOfWork, writer, productVersion } = this.#deps;
    const { datasets } = unitOfWork.read;
    const dataset = await datasets.requireOwned(id, userId);
    const all = await datasets.items(id);
    if (all.length > MAX_ARCHIVE_ITEMS)
      throw new AppError('DATASET_TOO_LARGE', {
        message: `The dataset has ${all.length} items; an archive has at most ${MAX_ARCHIVE_ITEMS}.`,
        details: { items: all.length, limit: MAX_ARCHIVE_ITEMS },
      });
    const items = numberItems(all);
    const manifest = await writeManifest({ dataset, items, productVersion });
    const sha256 = createHash('sha256').update(manifest).digest('hex');
    const modified = items.reduce(
      (newest, { item }) => (item.source.createdAt > newest ? item.source.createdAt : newest),
      dataset.updatedAt,
    );
    const files = items.flatMap(({ item: { source, mask }, position }) =>
      (mask ? [source, mask] : [source]).map((media) => this.#toFile(position, media)),
    );
    const bytes = manifest.length;
    const first = { name: MANIFEST_NAME, bytes, sha256, modified, open: rangeOf(manifest) };
    const layout = writer.layout([first, ...files]);
    return {
      bytes: layout.bytes,
      tag: sha256,
      modified,
      filename: `${dataset.name}.zip`,
      read: (range) => layout.read(range),
    };
  }

  #toFile(position: number, media: Media): ArchiveFile {
    const { bytes, sha256, createdAt, storageKey } = media;
    const name = archivePath(position, media);
    return {
      ...{ name, bytes, sha256, modified: createdAt },
      open: (range) => stream(this.#deps.store.open(storageKey, range)),
    };
  }

  #admit(userId: string): () => void {
    const open = this.#open.get(userId) ?? 0;
    if (open >= MAX_OPEN_PER_USER)
      throw new AppError('TOO_MANY_ARCHIVES', {
        message: `This account downloads ${MAX_OPEN_PER_USER} archives already, which is the limit.`,
        details: { limit: MAX_OPEN_PER_USER },
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    this.#open.set(userId, open + 1);
    return () => {
      const left = (this.#open.get(userId) ?? 1) - 1;
      if (left > 0) this.#open.set(userId, left);
      else this.#open.delete(userId);
    };
  }
}

const rangeOf = (bytes: Buffer) =>
  async function* (range?: ArchiveRange): AsyncGenerator<Buffer> {
    yield range ? bytes.subarray(range.start, range.end + 1) : bytes;
  };

async function* stream(opening: Promise<Readable>): AsyncGenerator<Buffer> {
  for await (const chunk of await opening) yield chunk as Buffer;
}
