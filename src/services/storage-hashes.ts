import type { Media } from '../domain/dataset.js';
import type { DatasetRepository } from '../domain/repositories/dataset.repository.js';
import { AppError, messageOf } from '../errors/app-error.js';
import type { BlobStore } from '../storage/blob-store.js';
import { CheckedContent } from '../storage/checked-content.js';

/** A media row whose file has other bytes than the row says, or cannot be read. */
interface DamagedFile {
  readonly media: Pick<Media, 'id' | 'userId' | 'datasetId' | 'name' | 'storageKey'>;
  readonly reason: string;
}

/** What a comparison of contents found so far. */
export interface HashReport {
  /** Number of files that were read. */
  readonly files: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedFile[];
}

const ROWS_AT_ONCE = 1000;
/** Files that are read at the same time. */
const AT_ONCE = 4;

/** Reads every media file and compares its size and SHA-256 with its row. */
export class StorageHashCheck {
  readonly #datasets: Pick<DatasetRepository, 'mediaAfter'>;
  readonly #blobs: Pick<BlobStore, 'open'>;

  constructor(datasets: Pick<DatasetRepository, 'mediaAfter'>, blobs: Pick<BlobStore, 'open'>) {
    this.#datasets = datasets;
    this.#blobs = blobs;
  }

  /**
   * Missing files are not counted: {@link StorageCheckService} finds them.
   * @param onProgress called after each file
   * @throws AppError STORAGE_UNREACHABLE (unavailable)
   */
  async run(onProgress: (report: HashReport) => void = () => undefined): Promise<HashReport> {
    const report = { files: 0, bytes: 0, damaged: [] as DamagedFile[] };
    const rows = this.#rows();
    const worker = async (): Promise<void> => {
      for (let next = await rows.next(); !next.done; next = await rows.next()) {
        const media = next.value;
        const reason = await this.#problemOf(media);
        if (reason === 'missing') continue;
        report.files += 1;
        report.bytes += media.bytes;
        if (reason !== null) report.damaged.push({ media, reason });
        onProgress(report);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return report;
  }

  async #problemOf({ storageKey, bytes, sha256 }: Media): Promise<string | null> {
    try {
      const content = new CheckedContent(await this.#blobs.open(storageKey), { bytes, sha256 });
      for await (const chunk of content) void chunk;
      return null;
    } catch (error) {
      if (error instanceof AppError && error.code === 'MEDIA_MISSING') return 'missing';
      if (error instanceof AppError && error.kind === 'unavailable') throw error;
      return messageOf(error);
    }
  }

  async *#rows(): AsyncGenerator<Media, void, undefined> {
    for (let after: string | null = null; ;) {
      const page: readonly Media[] = await this.#datasets.mediaAfter(after, ROWS_AT_ONCE);
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < ROWS_AT_ONCE) return;
      after = last.id;
    }
  }
}
