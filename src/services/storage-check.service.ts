import type { DatasetRepository } from '../domain/repositories/dataset.repository.js';
import type { PreviewRepository } from '../domain/repositories/preview.repository.js';
import type { UploadRepository } from '../domain/repositories/upload.repository.js';
import { AppError } from '../errors/app-error.js';
import type { BlobStore, ListedBlob } from '../storage/blob-store.js';

/** A media row whose file is missing. */
interface LostFile {
  readonly mediaId: string;
  readonly userId: string;
  readonly datasetId: string;
  readonly name: string;
  readonly storageKey: string;
}

/** Rows that refer to stored files. */
interface StoredRows {
  readonly datasets: Pick<DatasetRepository, 'mediaAfter'>;
  readonly previews: Pick<PreviewRepository, 'filesAfter'>;
  readonly uploads: Pick<UploadRepository, 'withBytes'>;
}

/** Result of comparing files with rows. */
export interface StorageReport {
  /** Number of files in the store, interrupted copies excluded. */
  readonly files: number;
  readonly bytes: number;
  /** Number of media rows. */
  readonly rows: number;
  /** Number of files of previews that rows refer to, and of those that are missing. They can be made again. */
  readonly previews: number;
  readonly lostPreviews: number;
  /** Files without a row, older than the minimum age, so that no running request can be about to add their rows. */
  readonly orphans: readonly ListedBlob[];
  /** Number of files that belong to uploads in several requests, older than that: they may wait for credits. */
  readonly uploads: number;
  /** Number of files without a row that are younger than that. */
  readonly young: number;
  readonly lost: readonly LostFile[];
}

const ROWS_AT_ONCE = 1000;

/**
 * Compares the blob store with the media rows. A process killed between storing a file and committing its row
 * leaves an orphaned file, which only takes disk space.
 */
export class StorageCheckService {
  readonly #datasets: StoredRows['datasets'];
  readonly #previews: StoredRows['previews'];
  readonly #uploads: StoredRows['uploads'];
  readonly #blobs: Pick<BlobStore, 'list' | 'remove' | 'exists'>;

  constructor(
    { datasets, previews, uploads }: StoredRows,
    blobs: Pick<BlobStore, 'list' | 'remove' | 'exists'>,
  ) {
    this.#datasets = datasets;
    this.#previews = previews;
    this.#uploads = uploads;
    this.#blobs = blobs;
  }

  /**
   * @param minimumAgeMs age below which a file may lack a row, since an upload stores its files first and
   *   commits its rows at the end
   */
  async check(minimumAgeMs: number, now = new Date()): Promise<StorageReport> {
    // Files are listed first: an upload that finishes in between then has a row whose file was not listed,
    // never a file without a row.
    const listed: ListedBlob[] = [];
    for await (const blob of this.#blobs.list()) listed.push(blob);
    const complete = listed.filter(({ partial }) => !partial);
    const stored = new Set(complete.map(({ key }) => key));
    const named = new Set<string>();
    const lost: LostFile[] = [];
    for await (const { id, userId, datasetId, name, storageKey, createdAt } of this.#rows()) {
      named.add(storageKey);
      if (stored.has(storageKey) || createdAt >= now) continue;
      lost.push({ mediaId: id, userId, datasetId, name, storageKey });
    }
    const previews = await this.#previewKeys();
    const withoutRow = listed.filter(({ key }) => !named.has(key) && !previews.has(key));
    const isOld = ({ modifiedAt }: ListedBlob): boolean =>
      now.getTime() - modifiedAt.getTime() >= minimumAgeMs;
    const old = withoutRow.filter(isOld);
    const orphans = await this.#withoutUpload(old);
    return {
      files: complete.length,
      bytes: complete.reduce((sum, { bytes }) => sum + bytes, 0),
      rows: named.size,
      previews: previews.size,
      lostPreviews: await this.#countLost([...previews].filter((key) => !stored.has(key))),
      orphans,
      uploads: old.length - orphans.length,
      young: withoutRow.length - old.length,
      lost,
    };
  }

  /**
   * Removes the orphaned files of a report.
   * @returns number of removed files
   * @throws AppError `STORAGE_UNKNOWN` (conflict) when no row refers to any of the files, which suggests that
   *   they belong to another database
   */
  async clean({ rows, previews, files, orphans }: StorageReport): Promise<number> {
    if (rows + previews === 0 && files > 0) throw unknownStorage(files);
    for (const { key } of orphans) await this.#blobs.remove(key);
    return orphans.length;
  }

  /** Without the files of uploads in several requests, whose keys are the uploads' ids. */
  async #withoutUpload(blobs: readonly ListedBlob[]): Promise<ListedBlob[]> {
    const left: ListedBlob[] = [];
    for (let start = 0; start < blobs.length; start += ROWS_AT_ONCE) {
      const some = blobs.slice(start, start + ROWS_AT_ONCE);
      const uploads = await this.#uploads.withBytes(some.map(({ key }) => key));
      left.push(...some.filter(({ key }) => !uploads.has(key)));
    }
    return left;
  }

  /** Files of previews that were made after the listing are there. */
  async #countLost(keys: readonly string[]): Promise<number> {
    let missing = 0;
    for (const key of keys) if (!(await this.#blobs.exists(key))) missing += 1;
    return missing;
  }

  async #previewKeys(): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    for (let after: string | null = null; ;) {
      const page: Awaited<ReturnType<PreviewRepository['filesAfter']>> = await this.#previews.filesAfter(
        after,
        ROWS_AT_ONCE,
      );
      for (const { storageKey } of page) keys.add(storageKey);
      const last = page.at(-1);
      if (!last || page.length < ROWS_AT_ONCE) return keys;
      after = last.storageKey;
    }
  }

  async *#rows() {
    for (let after: string | null = null; ;) {
      const page: Awaited<ReturnType<DatasetRepository['mediaAfter']>> = await this.#datasets.mediaAfter(
        after,
        ROWS_AT_ONCE,
      );
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < ROWS_AT_ONCE) return;
      after = last.id;
    }
  }
}

const unknownStorage = (files: number): AppError =>
  new AppError('STORAGE_UNKNOWN', {
    message: `No row of this database refers to any of the ${String(files)} stored files, so they probably belong to another database. Nothing was removed.`,
    details: { files },
  });
