import { isTerminal } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { JobControl } from '../queue/job-control.js';
import { endWithoutResult } from './job-settlement.js';

/** Jobs per transaction. All of them change the same balance, so the transaction is kept short. */
const BATCH_SIZE = 50;

/**
 * Ends the jobs of deleted accounts and releases their holds in batches. All state is in the rows, so it can
 * be repeated, run in several processes at once, and continue after a crash.
 */
export class OrphanedJobs {
  readonly #unitOfWork: UnitOfWork;
  readonly #control: JobControl;

  constructor(unitOfWork: UnitOfWork, control: JobControl) {
    this.#unitOfWork = unitOfWork;
    this.#control = control;
  }

  /** Ends one batch. @returns whether more may be left. */
  async endBatch(): Promise<boolean> {
    const ids = await this.#unitOfWork.read.jobs.liveOfDeletedUsers(BATCH_SIZE);
    if (ids.length === 0) return false;
    await this.#unitOfWork.run(async (scope) => {
      for (const id of ids) {
        const job = await scope.jobs.lock(id);
        if (!job || isTerminal(job.status)) continue;
        await endWithoutResult(scope, job, { status: 'ABORTED', failure: null });
        scope.afterCommit(() => this.#control.announceCancel(id));
      }
    });
    return ids.length === BATCH_SIZE;
  }

  /** Ends all of them. */
  async endAll(): Promise<void> {
    while (await this.endBatch());
  }
}
