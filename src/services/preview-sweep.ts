import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { BlobStore } from '../storage/blob-store.js';
import { removeAnnounced } from './remove-announced.js';

const ROWS_PER_TRANSACTION = 100;

/**
 * Removes previews whose last file was deleted. Their rows are removed first; the same transaction lists the files, which
 * are removed later when this process is killed in between.
 */
export class PreviewSweep {
  readonly #unitOfWork: UnitOfWork;
  readonly #blobs: Pick<BlobStore, 'remove'>;

  constructor(unitOfWork: UnitOfWork, blobs: Pick<BlobStore, 'remove'>) {
    this.#unitOfWork = unitOfWork;
    this.#blobs = blobs;
  }

  /** Removes what deletions have marked. @returns the number of removed files */
  async runOnce(): Promise<number> {
    for (let removed = 0; ;) {
      const keys = await this.#unitOfWork.run(async ({ previews, retention }) => {
        const taken = await previews.takeUnused(ROWS_PER_TRANSACTION);
        if (taken) await retention.announceFiles(taken);
        return taken;
      });
      if (keys === null) return removed;
      const { retention } = this.#unitOfWork.read;
      removed += await removeAnnounced(keys, { blobs: this.#blobs, retention });
    }
  }

  /** Also finds what simultaneous deletions have missed; reads all previews. */
  async runThoroughly(): Promise<number> {
    await this.#unitOfWork.read.previews.markUnused();
    return this.runOnce();
  }
}
