import { isTerminal } from '../domain/job.js';
import type { Page } from '../domain/repositories/pages.js';
import type { OwnedObject, TrashFilter } from '../domain/repositories/trash.repository.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { UserLimits } from '../domain/quota.js';
import type { TrashEntry, TrashKind } from '../domain/trash.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import { requireStorage } from './upload-quota.js';

/** Names of kinds in messages. */
const NAMES: Readonly<Record<TrashKind, string>> = {
  dataset: 'Dataset',
  media: 'Media',
  job: 'Job',
  result: 'Result of job',
};

/** Dependencies of {@link TrashService}. */
export interface TrashServiceDeps {
  readonly unitOfWork: UnitOfWork;
  /** Days for which deleted objects can be restored; 0 for none. */
  readonly days: number;
  /** Limits of users without limits of their own. */
  readonly limits: UserLimits;
}

/** Deletes objects of a user into the trash, lists and restores them. Objects of other users are NOT_FOUND. */
export class TrashService {
  readonly #unitOfWork: UnitOfWork;
  readonly #days: number;
  readonly #limits: UserLimits;

  constructor({ unitOfWork, days, limits }: TrashServiceDeps) {
    this.#unitOfWork = unitOfWork;
    this.#days = days;
    this.#limits = limits;
  }

  /**
   * Deletes a file; a source with its item and mask. Jobs that were created before go on.
   * @throws AppError NOT_FOUND
   */
  removeMedia(principal: Principal, id: string): Promise<void> {
    return this.#unitOfWork.run(({ trash }) => this.#remove(trash, { kind: 'media', id, ...principal }));
  }

  /** Deletes an item of a dataset: its source and its mask. @throws AppError NOT_FOUND */
  removeItem(principal: Principal, datasetId: string, itemId: string): Promise<void> {
    return this.#unitOfWork.run(async ({ datasets, trash }) => {
      await datasets.requireOwned(datasetId, principal.userId);
      const item = (await datasets.items(datasetId)).find(({ id }) => id === itemId);
      if (!item) throw notFound('Item', itemId);
      await this.#remove(trash, { kind: 'media', id: item.source.id, ...principal });
    });
  }

  /** Deletes a job that has ended, with its result. @throws AppError NOT_FOUND, JOB_NOT_FINISHED (conflict) */
  removeJob(principal: Principal, id: string): Promise<void> {
    return this.#unitOfWork.run(async ({ jobs, trash }) => {
      const job = await jobs.requireOwned(id, principal.userId);
      if (!isTerminal(job.status)) {
        throw new AppError('JOB_NOT_FINISHED', {
          message: `Job ${id} is ${job.status}; cancel it before it is deleted.`,
          details: { status: job.status },
        });
      }
      await this.#remove(trash, { kind: 'job', id, ...principal });
    });
  }

  /** Deletes the result of a job. @throws AppError NOT_FOUND */
  removeResult(principal: Principal, jobId: string): Promise<void> {
    return this.#unitOfWork.run(async ({ jobs, trash }) => {
      await jobs.requireOwned(jobId, principal.userId);
      await this.#remove(trash, { kind: 'result', id: jobId, ...principal });
    });
  }

  list(principal: Principal, filter: Omit<TrashFilter, 'userId' | 'trashDays'>): Promise<Page<TrashEntry>> {
    const { userId } = principal;
    return this.#unitOfWork.read.trash.list({ ...filter, userId, trashDays: this.#days });
  }

  /**
   * Restores an object. Its files count for the storage quota again.
   * @throws AppError NOT_FOUND, DATASET_NAME_TAKEN (conflict), STORAGE_QUOTA_EXCEEDED
   */
  restore({ userId }: Principal, kind: TrashKind, id: string): Promise<TrashEntry> {
    const object = { kind, id, userId };
    return this.#unitOfWork.run(async (scope) => {
      const entry = await this.#require(scope.trash, object);
      if (kind === 'dataset' || kind === 'media') {
        await requireStorage(scope, { userId, bytes: entry.bytes }, this.#limits);
      }
      await scope.trash.restore(object);
      return entry;
    });
  }

  /** Removes an object of the trash for good, in the next round of a worker. @throws AppError NOT_FOUND */
  purge({ userId }: Principal, kind: TrashKind, id: string): Promise<void> {
    const object = { kind, id, userId };
    return this.#unitOfWork.run(async ({ trash }) => {
      await this.#require(trash, object);
      await trash.purgeSoon(object);
    });
  }

  /** Removes everything in the trash for good. @returns number of objects */
  empty({ userId }: Principal): Promise<number> {
    return this.#unitOfWork.run(({ trash }) => trash.purgeAllSoon(userId));
  }

  async #remove(
    trash: TransactionScope['trash'],
    { kind, id, userId }: OwnedObject & { readonly kind: Exclude<TrashKind, 'dataset'> },
  ): Promise<void> {
    if (!(await trash.remove({ kind, id, userId }))) throw notFound(NAMES[kind], id);
  }

  async #require(trash: TransactionScope['trash'], object: OwnedObject): Promise<TrashEntry> {
    const entry = await trash.find(object, this.#days);
    if (!entry) throw notFound(`${NAMES[object.kind]} in the trash`, object.id);
    return entry;
  }
}
