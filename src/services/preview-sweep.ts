import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { BlobStore } from '../storage/blob-store.js';

const ROWS_PER_TRANSACTION = 100;

/**
 * Removes previews that no media has any more. Their rows are removed first; the same transaction lists the files, which
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
      for (const key of keys) await this.#blobs.remove(key);
      await this.#unitOfWork.read.retention.withdrawFiles(keys);
      removed += keys.length;
    }
  }

  /** Also finds what simultaneous deletions have missed; reads all previews. */
  async runThoroughly(): Promise<number> {
    await this.#unitOfWork.read.previews.markUnused();
    return this.runOnce();
  }
}
