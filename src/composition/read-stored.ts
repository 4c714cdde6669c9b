import { readFile } from 'node:fs/promises';
import type { Media } from '../domain/dataset.js';
import type { BlobStore } from '../storage/blob-store.js';

/** All bytes of a stored file. @throws AppError MEDIA_MISSING, MEDIA_DAMAGED */
export async function readStored(
  store: Pick<BlobStore, 'borrow'>,
  { storageKey, sha256 }: Pick<Media, 'storageKey' | 'sha256'>,
): Promise<Buffer> {
  await using file = await store.borrow(storageKey, sha256);
  return await readFile(file.path);
}
