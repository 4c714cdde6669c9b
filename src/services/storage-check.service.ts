import type { DatasetRepository } from '../domain/repositories/dataset.repository.js';
import { AppError } from '../errors/app-error.js';
import type { BlobStore, ListedBlob } from '../storage/blob-store.js';

/** A media row whose file is gone. */
interface LostFile {
  readonly mediaId: string;
  readonly userId: string;
  readonly datasetId: string;
  readonly name: string;
  readonly storageKey: string;
}

/** How files and rows compare. */
export interface StorageReport {
  /** Files in the store, interrupted copies left out. */
  readonly files: number;
  readonly bytes: number;
  /** Media rows. */
  readonly rows: number;
  /** Files that no row names, old enough that no upload can be about to name them. */
  readonly strays: readonly ListedBlob[];
  /** Files without a row that are younger than that. */
  readonly young: number;
  readonly lost: readonly LostFile[];
}

const ROWS_AT_ONCE = 1000;

/**
 * Compares the blob store with the rows. A process that is killed between storing a file and committing its row leaves
 * an orphaned file, which only takes disk space.
 */
export class StorageCheckService {
  readonly #datasets: Pick<DatasetRepository, 'mediaAfter'>;
  readonly #blobs: Pick<BlobStore, 'list' | 'remove'>;

  constructor(datasets: Pick<DatasetRepository, 'mediaAfter'>, blobs: Pick<BlobStore, 'list' | 'remove'>) {
    this.#datasets = datasets;
    this.#blobs = blobs;
  }

  /** @param strayAgeMs an upload stores its files first and its rows at the end, so files may be without for a while */
  async check(strayAgeMs: number, now = new Date()): Promise<StorageReport> {
    // Files first: what is uploaded meanwhile then has a row whose file was not listed, never the other way round.
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
    const nameless = listed.filter(({ key }) => !named.has(key));
    const isOld = ({ modifiedAt }: ListedBlob): boolean => now.getTime() - modifiedAt.getTime() >= strayAgeMs;
    const strays = nameless.filter(isOld);
    return {
      files: complete.length,
      bytes: complete.reduce((sum, { bytes }) => sum + bytes, 0),
      rows: named.size,
      strays,
      young: nameless.length - strays.length,
      lost,
    };
  }

  /**
   * Removes the strays of a report.
   * @returns how many
   * @throws AppError `STORAGE_UNKNOWN` (conflict) when the database names none of the files: it is hardly the one they
   * belong to
   */
  async clean({ rows, files, strays }: StorageReport): Promise<number> {
    if (rows === 0 && files > 0) throw unknownStorage(files);
    for (const { key } of strays) await this.#blobs.remove(key);
    return strays.length;
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
    message: `The database names none of the ${String(files)} stored files, so it is hardly theirs. Nothing was removed.`,
    details: { files },
  });
