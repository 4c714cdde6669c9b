import type { Repositories } from '../../src/domain/repositories/unit-of-work.js';
import { StorageHashCheck, type HashReport } from '../../src/services/storage-hashes.js';
import type { BlobStore } from '../../src/storage/blob-store.js';

const PROGRESS_INTERVAL_MS = 5_000;
const MAX_SHOWN = 20;

/** What {@link compareHashes} reads. */
export interface ComparedFiles {
  readonly repositories: Pick<Repositories, 'datasets'>;
  readonly blobs: Pick<BlobStore, 'open'>;
  /** Number of rows, for the progress. */
  readonly rows: number;
}

/**
 * Reads all files, which takes as long as to copy them, and reports those whose content has changed.
 * @returns the number of damaged files
 */
export async function compareHashes(
  { repositories, blobs, rows }: ComparedFiles,
  say: (sentence: string) => void,
): Promise<number> {
  let saidAt = Date.now();
  const { files, bytes, damaged } = await new StorageHashCheck(repositories.datasets, blobs).run((soFar) => {
    if (Date.now() - saidAt < PROGRESS_INTERVAL_MS) return;
    saidAt = Date.now();
    say(progress(soFar, rows));
  });
  say(
    `${files} files read (${(bytes / 1e6).toFixed(1)} MB), ${damaged.length} of them damaged: another size or SHA-256 than the row.`,
  );
  for (const { media, reason } of damaged.slice(0, MAX_SHOWN)) {
    const { id, name, datasetId, userId, storageKey } = media;
    say(`  media ${id}, "${name}", dataset ${datasetId}, user ${userId}, file ${storageKey}: ${reason}`);
  }
  if (damaged.length > MAX_SHOWN) say(`  and ${damaged.length - MAX_SHOWN} more`);
  return damaged.length;
}

const progress = ({ files, bytes, damaged }: HashReport, rows: number): string =>
  `${files} of ${rows} files read (${(bytes / 1e6).toFixed(1)} MB), ${damaged.length} damaged so far.`;
