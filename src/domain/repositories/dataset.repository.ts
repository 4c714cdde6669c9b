import type { Dataset, DatasetItem, Media } from '../dataset.js';
import type { Counted, DatasetFilter, DatasetSummary, DatasetTotals, Slice } from '../listing.js';
import type { Page, PageRequest } from './pages.js';

/** Dataset filter; tags that are not given do not matter. */
export interface DatasetListFilter extends PageRequest {
  readonly tags?: readonly string[];
  readonly match: 'any' | 'all';
  readonly includeDeleted?: boolean;
}

/** Datasets with their items. */
export interface DatasetRepository {
  /** @throws AppError DATASET_NAME_TAKEN (conflict). */
  create(dataset: { userId: string; name: string; tags: readonly string[] }): Promise<Dataset>;
  /**
   * The dataset with this id and owner, unless deleted.
   * @throws AppError NOT_FOUND, also for datasets of other users
   */
  requireOwned(id: string, userId: string): Promise<Dataset>;
  list(filter: DatasetListFilter & { readonly userId: string }): Promise<Page<Dataset>>;
  /**
   * The dataset with this owner and name; with `includeDeleted`, otherwise the last deleted one with the name.
   * @throws AppError NOT_FOUND
   */
  requireByName(
    name: string,
    userId: string,
    options?: { readonly includeDeleted?: boolean },
  ): Promise<Dataset>;
  /** Datasets by id, including deleted ones. */
  findByIds(ids: readonly string[]): Promise<readonly Dataset[]>;
  /** Datasets with counts and owners, newest first. */
  page(filter: DatasetFilter, slice: Slice): Promise<Counted<DatasetSummary>>;
  totals(filter: DatasetFilter): Promise<DatasetTotals>;
  /** @throws AppError DATASET_NAME_TAKEN (conflict). */
  update(id: string, changes: { name?: string; tags?: readonly string[] }): Promise<Dataset>;
  softDelete(id: string): Promise<void>;
  /** Deletes all datasets of an owner. */
  softDeleteAll(userId: string): Promise<void>;
  /** Items in upload order, each with its media. */
  items(datasetId: string): Promise<readonly DatasetItem[]>;
  /**
   * Appends items in this order, as one upload unless they say otherwise; positions and numbers of uploads are assigned
   * while the dataset's row is locked.
   */
  addItems(datasetId: string, items: readonly NewItem[]): Promise<readonly DatasetItem[]>;
  /** Distinct tags of the owner's datasets, the first `limit` in alphabetical order. */
  distinctTags(userId: string, limit: number): Promise<readonly string[]>;
  /** Predefined tags offered to every owner. */
  predefinedTags(): Promise<readonly string[]>;
  /** The file, also while it is in the trash. */
  findMedia(mediaId: string): Promise<Media | null>;
  /** Those of these ids that are not deleted, nor their dataset. */
  liveMedia(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Media of all users, including those of deleted datasets, ordered by id: those after `id`, or from the start. */
  mediaAfter(id: string | null, limit: number): Promise<readonly Media[]>;
}

/** A file to record; its bytes are already in the blob store under `storageKey`. */
export type NewMedia = Omit<Media, 'createdAt' | 'datasetId' | 'hole' | 'warnings'> &
  Partial<Pick<Media, 'hole' | 'warnings'>>;

/** An item to record; videos are sampled once per second by default. */
export interface NewItem {
  readonly source: NewMedia;
  readonly mask?: NewMedia;
  readonly sampleFps?: number;
  /** Number of its upload among those that are added together, from 1; 1 by default. */
  readonly upload?: number;
}
