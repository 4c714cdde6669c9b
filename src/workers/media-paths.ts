import { access } from 'node:fs/promises';
import type { DatasetRepository } from '../domain/repositories/dataset.repository.js';
import { AppError } from '../errors/app-error.js';
import type { BlobStore, BorrowedFile } from '../storage/blob-store.js';

/** Local files of a job's media, until they are disposed. */
export interface MediaPaths extends AsyncDisposable {
  /** Absolute paths by the names of the plan. */
  readonly paths: Readonly<Record<string, string>>;
}

/**
 * Borrows the media of a plan.
 * @throws AppError MEDIA_MISSING and MEDIA_DAMAGED (final, because a retry cannot restore a lost file), and errors of a
 *   store that does not respond
 */
export async function borrowMedia(
  media: Readonly<Record<string, string>>,
  sources: {
    readonly datasets: Pick<DatasetRepository, 'findMedia'>;
    readonly blobs: Pick<BlobStore, 'borrow'>;
  },
): Promise<MediaPaths> {
  const borrowed: BorrowedFile[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(borrowed.map((file) => file[Symbol.asyncDispose]()));
  };
  const entries = Object.entries(media).map(async ([name, mediaId]) => {
    const found = await sources.datasets.findMedia(mediaId);
    if (!found) throw mediaMissing(name, mediaId);
    const file = await sources.blobs.borrow(found.storageKey, found.sha256).catch((error: unknown) => {
      throw isMissing(error) ? mediaMissing(name, mediaId) : error;
    });
    borrowed.push(file);
    await access(file.path).catch(() => {
      throw mediaMissing(name, mediaId);
    });
    return [name, file.path] as const;
  });
  const settled = await Promise.allSettled(entries);
  const failed = settled.find((entry) => entry.status === 'rejected');
  if (failed) {
    await release();
    throw failed.reason;
  }
  const paths = Object.fromEntries(
    settled.flatMap((entry) => (entry.status === 'fulfilled' ? [entry.value] : [])),
  );
  return { paths, [Symbol.asyncDispose]: release };
}

const isMissing = (error: unknown): boolean => error instanceof AppError && error.code === 'MEDIA_MISSING';

function mediaMissing(name: string, mediaId: string): AppError {
  const message = `The file of media ${mediaId} (${name}) of this job no longer exists.`;
  return new AppError('MEDIA_MISSING', { message, details: { mediaId } });
}
