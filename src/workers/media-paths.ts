import { access } from 'node:fs/promises';
import type { DatasetRepository } from '../domain/repositories/dataset.repository.js';
import { AppError } from '../errors/app-error.js';

/** Maps a key of the blob store to a file that an engine can open. */
export interface BlobPaths {
  /** Absolute path of a blob on this machine. */
  localPath(storageKey: string): Promise<string>;
}

/**
 * Absolute paths of the media of a plan, by name.
 * @throws AppError MEDIA_MISSING (final, because a retry cannot restore a lost file).
 */
export async function resolveMediaPaths(
  media: Readonly<Record<string, string>>,
  sources: { readonly datasets: Pick<DatasetRepository, 'findMedia'>; readonly blobs: BlobPaths },
): Promise<Readonly<Record<string, string>>> {
  const entries = Object.entries(media).map(async ([name, mediaId]) => {
    const found = await sources.datasets.findMedia(mediaId);
    if (!found) throw mediaMissing(name, mediaId);
    const file = await sources.blobs.localPath(found.storageKey);
    await access(file).catch(() => {
      throw mediaMissing(name, mediaId);
    });
    return [name, file] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function mediaMissing(name: string, mediaId: string): AppError {
  const message = `The file of media ${mediaId} (${name}) of this job no longer exists.`;
  return new AppError('MEDIA_MISSING', { message, details: { mediaId } });
}
