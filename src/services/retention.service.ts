import type { RetentionRepository } from '../domain/repositories/trash.repository.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { RetentionDays } from '../domain/trash.js';
import type { BlobStore } from '../storage/blob-store.js';

/** Rows per transaction. Results have many rows of 1 MiB, so the transaction is kept short. */
const STEP = 100;
/** Steps of each kind per round, so that no kind delays the others for long. */
const STEPS_PER_ROUND = 20;
const FILES_PER_STEP = 200;

const KINDS = [
  'purgeMedia',
  'purgeDatasets',
  'purgeJobs',
  'purgeResults',
  'purgeEvents',
  'purgeAudit',
  'purgeUsers',
] as const satisfies readonly (keyof RetentionRepository)[];

/**
 * Removes for good what is due: first rows, then the files that no row names any more. All state is in the rows, so
 * rounds can be repeated and continue after a crash.
 */
export class RetentionService {
  readonly #unitOfWork: UnitOfWork;
  readonly #blobs: Pick<BlobStore, 'remove'>;
  readonly #days: RetentionDays;

  constructor(unitOfWork: UnitOfWork, blobs: Pick<BlobStore, 'remove'>, days: RetentionDays) {
    this.#unitOfWork = unitOfWork;
    this.#blobs = blobs;
    this.#days = days;
  }

  /** One round over the rows. @returns number of removed objects */
  async purgeRows(): Promise<number> {
    let removed = 0;
    for (const kind of KINDS) {
      for (let step = 0; step < STEPS_PER_ROUND; step += 1) {
        const count = await this.#unitOfWork.run(({ retention }) =>
          retention[kind]({ ...this.#days, limit: STEP }),
        );
        removed += count;
        if (count < STEP) break;
      }
    }
    return removed;
  }

  /**
   * Removes the files of removed rows, and those that a killed process stored without rows. The caller must make sure that no
   * backup is reading them.
   * @returns number of removed files
   */
  async removeFiles(): Promise<number> {
    const { retention } = this.#unitOfWork.read;
    while ((await retention.giveUpFiles(FILES_PER_STEP)) === FILES_PER_STEP);
    for (let removed = 0; ;) {
      const keys = await retention.removedFiles(FILES_PER_STEP);
      const failed = new Map<string, unknown>();
      for (const key of keys) await this.#blobs.remove(key).catch((error: unknown) => failed.set(key, error));
      const gone = keys.filter((key) => !failed.has(key));
      // After the files: a file that is removed again does no harm.
      await retention.forgetFiles(gone);
      removed += gone.length;
      if (failed.size > 0) {
        // Others come first in the next round.
        await retention.postponeFiles([...failed.keys()]);
        throw new Error(`${failed.size} files could not be removed.`, { cause: [...failed.values()][0] });
      }
      if (keys.length < FILES_PER_STEP) return removed;
    }
  }
}
