import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { BlobStore } from '../storage/blob-store.js';

const ROWS_PER_TRANSACTION = 100;

/**
 * Removes previews that no media has any more. Their rows are removed first: after a crash in between, `npm run storage`
 * finds the files.
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
      const keys = await this.#unitOfWork.run(({ previews }) => previews.takeUnused(ROWS_PER_TRANSACTION));
      if (keys === null) return removed;
      for (const key of keys) await this.#blobs.remove(key);
      removed += keys.length;
    }
  }

  /** Also finds what simultaneous deletions have missed; reads all previews. */
  async runThoroughly(): Promise<number> {
    await this.#unitOfWork.read.previews.markUnused();
    return this.runOnce();
  }
}
