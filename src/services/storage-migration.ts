import { AppError } from '../errors/app-error.js';
import type { BlobStore, ListedBlob } from '../storage/blob-store.js';
import { sha256Of } from '../storage/checked-content.js';

/** What a migration did so far. */
export interface MigrationReport {
  /** Files that were copied, and whose copies have the same SHA-256. */
  readonly copied: number;
  readonly copiedBytes: number;
  /** Files that the target already had. */
  readonly present: number;
  /** Files that were deleted while they were copied. */
  readonly deleted: number;
  /** Keys of files that could not be copied, with the reason. */
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
}

/** What the removal of migrated files did. */
export interface RemovalReport {
  readonly removed: number;
  readonly removedBytes: number;
  /** Files that the target lacks or has with another content; they were kept. */
  readonly kept: number;
}

/** Files that are copied at the same time. */
const AT_ONCE = 4;

/** Copies the files of one store to another while both are in use. May be stopped and repeated at any time. */
export class StorageMigration {
  readonly #source: BlobStore;
  readonly #target: BlobStore;

  constructor(source: BlobStore, target: BlobStore) {
    this.#source = source;
    this.#target = target;
  }

  /** @param onProgress called after each file */
  async copy(onProgress: (report: MigrationReport) => void = () => undefined): Promise<MigrationReport> {
    const report = {
      copied: 0,
      copiedBytes: 0,
      present: 0,
      deleted: 0,
      failed: [] as { key: string; reason: string }[],
    };
    await this.#eachFile(async ({ key, bytes }) => {
      try {
        const outcome = await this.#copyOne(key, bytes);
        report[outcome] += 1;
        if (outcome === 'copied') report.copiedBytes += bytes;
      } catch (error) {
        report.failed.push({ key, reason: error instanceof Error ? error.message : String(error) });
      }
      onProgress(report);
    });
    return report;
  }

  /** Removes the files of the source whose copies have the same SHA-256. */
  async removeSource(): Promise<RemovalReport> {
    const report = { removed: 0, removedBytes: 0, kept: 0 };
    await this.#eachFile(async ({ key, bytes }) => {
      if (await this.#isCopied(key, bytes)) {
        await this.#source.remove(key);
        report.removed += 1;
        report.removedBytes += bytes;
      } else report.kept += 1;
    });
    return report;
  }

  async #copyOne(key: string, bytes: number): Promise<'copied' | 'present' | 'deleted'> {
    if (await this.#hasSize(key, bytes)) return 'present';
    try {
      const sha256 = await sha256Of(await this.#source.open(key));
      await this.#target.putStream(await this.#source.open(key), { key, bytes, sha256 });
      if ((await sha256Of(await this.#target.open(key))) !== sha256) {
        await this.#target.remove(key);
        throw new AppError('CONTENT_MISMATCH', { message: `The copy of ${key} has another SHA-256.` });
      }
    } catch (error) {
      if (isMissing(error)) return this.#wasDeleted(key);
      throw error;
    }
    // A deletion removes the file from the source first, so it is either noticed here or also done there.
    return (await this.#source.exists(key)) ? 'copied' : this.#wasDeleted(key);
  }

  async #wasDeleted(key: string): Promise<'deleted'> {
    await this.#target.remove(key);
    return 'deleted';
  }

  async #hasSize(key: string, bytes: number): Promise<boolean> {
    return this.#target.size(key).then(
      (size) => size === bytes,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      },
    );
  }

  async #isCopied(key: string, bytes: number): Promise<boolean> {
    if (!(await this.#hasSize(key, bytes))) return false;
    const [source, target] = await Promise.all([this.#source.open(key), this.#target.open(key)]);
    const [one, other] = await Promise.all([sha256Of(source), sha256Of(target)]);
    return one === other;
  }

  async #eachFile(work: (file: ListedBlob) => Promise<void>): Promise<void> {
    const files = this.#source.list()[Symbol.asyncIterator]();
    const worker = async (): Promise<void> => {
      for (let next = await files.next(); !next.done; next = await files.next())
        if (!next.value.partial) await work(next.value);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }
}

const isMissing = (error: unknown): boolean => error instanceof AppError && error.code === 'MEDIA_MISSING';
