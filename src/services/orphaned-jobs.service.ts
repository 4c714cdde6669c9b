import { isTerminal } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { JobControl } from '../queue/job-control.js';
import { endWithoutResult } from './job-settlement.js';

/** Jobs that end in one transaction: few enough that it is short, since each of them changes the same balance. */
const PORTION = 50;

/**
 * Ends the jobs of deleted accounts and gives their holds back, a portion at a time. The rows say what is to be done
 * alone, so that it may be repeated, run at several places at once, and go on after a crash.
 */
export class OrphanedJobs {
  readonly #unitOfWork: UnitOfWork;
  readonly #control: JobControl;

  constructor(unitOfWork: UnitOfWork, control: JobControl) {
    this.#unitOfWork = unitOfWork;
    this.#control = control;
  }

  /** Ends one portion. @returns whether more may be left. */
  async endPortion(): Promise<boolean> {
    const ids = await this.#unitOfWork.read.jobs.liveOfDeletedUsers(PORTION);
    if (ids.length === 0) return false;
    await this.#unitOfWork.run(async (scope) => {
      for (const id of ids) {
        const job = await scope.jobs.lock(id);
        if (!job || isTerminal(job.status)) continue;
        await endWithoutResult(scope, job, { status: 'ABORTED', failure: null });
        scope.afterCommit(() => this.#control.announceCancel(id));
      }
    });
    return ids.length === PORTION;
  }

  /** Ends all of them. */
  async endAll(): Promise<void> {
    while (await this.endPortion());
  }
}
