import type { Dataset, DatasetItem } from '../domain/dataset.js';
import type { Counted, DatasetFilter, DatasetSummary, Slice } from '../domain/listing.js';
import type { DatasetListFilter } from '../domain/repositories/dataset.repository.js';
import type { Page } from '../domain/repositories/pages.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';

/** Maximum number of the caller's own tags in the list. */
const MAX_LISTED_TAGS = 1000;

/** A dataset with its items in upload order. */
export interface DatasetWithItems {
  readonly dataset: Dataset;
  readonly items: readonly DatasetItem[];
}

/** Weak entity tag of a dataset's state, for `ETag` and `If-Match`. */
export function datasetETag(dataset: Dataset): string {
  return `"${dataset.id}-${dataset.updatedAt.getTime()}"`;
}

/** The caller's own datasets. Datasets of other users are reported as NOT_FOUND. */
export class DatasetService {
  readonly #unitOfWork: UnitOfWork;

  constructor(unitOfWork: UnitOfWork) {
    this.#unitOfWork = unitOfWork;
  }

  /** @throws AppError DATASET_NAME_TAKEN. */
  create(principal: Principal, dataset: { name: string; tags: readonly string[] }): Promise<Dataset> {
    // A single statement is a transaction by itself.
    return this.#unitOfWork.read.datasets.create({ userId: principal.userId, ...dataset });
  }

  /** @throws AppError DATASET_NAME_TAKEN (conflict); creating a dataset is the authoritative check. */
  async requireNameFree({ userId }: Pick<Principal, 'userId'>, name: string): Promise<void> {
    const existing = await this.#unitOfWork.read.datasets
      .requireByName(name, userId)
      .catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
        throw error;
      });
    if (existing)
      throw new AppError('DATASET_NAME_TAKEN', {
        message: `You already have a dataset with the name "${name}".`,
      });
  }

  list(principal: Principal, filter: DatasetListFilter): Promise<Page<Dataset>> {
    return this.#unitOfWork.read.datasets.list({ userId: principal.userId, ...filter });
  }

  /** @throws AppError NOT_FOUND. */
  async get(principal: Principal, id: string): Promise<DatasetWithItems> {
    const { datasets } = this.#unitOfWork.read;
    const dataset = await datasets.requireOwned(id, principal.userId);
    return { dataset, items: await datasets.items(id) };
  }

  /** A page of the caller's datasets with the counts of their items. */
  page(
    principal: Principal,
    filter: Omit<DatasetFilter, 'userId'>,
    slice: Slice,
  ): Promise<Counted<DatasetSummary>> {
    return this.#unitOfWork.read.datasets.page({ ...filter, userId: principal.userId }, slice);
  }

  /** The caller's dataset of this name with its items. @throws AppError NOT_FOUND. */
  async getByName(
    principal: Principal,
    name: string,
    options: { readonly includeDeleted?: boolean } = {},
  ): Promise<DatasetWithItems> {
    const { datasets } = this.#unitOfWork.read;
    const dataset = await datasets.requireByName(name, principal.userId, options);
    return { dataset, items: await datasets.items(dataset.id) };
  }

  /** Names by id, deleted datasets included. The caller must make sure that the user may see these ids. */
  async namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await this.#unitOfWork.read.datasets.findByIds([...new Set(ids)]);
    return new Map(found.map(({ id, name }) => [id, name]));
  }

  /**
   * @throws AppError NOT_FOUND, DATASET_NAME_TAKEN, PRECONDITION_FAILED when `ifMatch` is not the current
   *   ETag.
   */
  update(
    principal: Principal,
    id: string,
    { ifMatch, ...changes }: { name?: string; tags?: readonly string[]; ifMatch?: string },
  ): Promise<Dataset> {
    return this.#unitOfWork.run(async ({ datasets }) => {
      const current = await datasets.requireOwned(id, principal.userId);
      if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== datasetETag(current)) {
        throw new AppError('PRECONDITION_FAILED', {
          message: `Dataset ${id} has changed since the version in If-Match.`,
        });
      }
      return datasets.update(id, changes);
    });
  }

  /** @throws AppError NOT_FOUND, also when the dataset is already deleted. */
  remove(principal: Principal, id: string): Promise<void> {
    return this.#unitOfWork.run(async ({ datasets }) => {
      await datasets.requireOwned(id, principal.userId);
      await datasets.softDelete(id);
    });
  }

  /**
   * Predefined tags and up to {@link MAX_LISTED_TAGS} tags of the caller, without duplicates, in alphabetical
   * order.
   */
  async tags(principal: Principal): Promise<readonly string[]> {
    const { datasets } = this.#unitOfWork.read;
    const [predefined, used] = await Promise.all([
      datasets.predefinedTags(),
      datasets.distinctTags(principal.userId, MAX_LISTED_TAGS),
    ]);
    return [...new Set([...predefined, ...used])].sort((one, other) => one.localeCompare(other, 'en'));
  }
}
