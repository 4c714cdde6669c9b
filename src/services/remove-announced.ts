import type { RetentionRepository } from '../domain/repositories/trash.repository.js';
import type { BlobStore } from '../storage/blob-store.js';

/** Where files are stored, and where those are listed that no row names yet. */
interface ArrivingFiles {
  readonly blobs: Pick<BlobStore, 'remove'>;
  readonly retention: Pick<RetentionRepository, 'withdrawFiles'>;
}

/**
 * Removes files that were announced (`RetentionRepository.announceFiles`) and are not needed. Never throws: a file that cannot
 * be removed now is removed when it is given up.
 * @returns number of removed files
 */
export async function removeAnnounced(
  keys: readonly string[],
  { blobs, retention }: ArrivingFiles,
): Promise<number> {
  const removals = await Promise.allSettled(keys.map((key) => blobs.remove(key)));
  const removed = keys.filter((_key, index) => removals[index].status === 'fulfilled');
  await retention.withdrawFiles(removed).catch(() => undefined);
  return removed.length;
}
