import type { Dataset, DatasetItem, Media } from '../dataset.js';
import type { Counted, DatasetFilter, DatasetSummary, DatasetTotals, Slice } from '../listing.js';
import type { Page, PageRequest } from './pages.js';

/** Which datasets of an owner to list; all tags but the given ones are no condition. */
export interface DatasetListFilter extends PageRequest {
  readonly tags?: readonly string[];
  readonly match: 'any' | 'all';
  readonly includeDeleted?: boolean;
}

/** Datasets with their items. */
export interface DatasetRepository {
  /** @throws AppError DATASET_NAME_TAKEN (conflict). */
  create(dataset: { userId: string; name: string; tags: readonly string[] }): Promise<Dataset>;
  /** The live dataset of this owner. @throws AppError NOT_FOUND, also for another's. */
  requireOwned(id: string, userId: string): Promise<Dataset>;
  list(filter: DatasetListFilter & { readonly userId: string }): Promise<Page<Dataset>>;
  /**
   * The live dataset of this owner and name, or with `includeDeleted` the last one that had the name.
   * @throws AppError NOT_FOUND.
   */
  requireByName(
    name: string,
    userId: string,
    options?: { readonly includeDeleted?: boolean },
  ): Promise<Dataset>;
  /** Datasets by id, deleted ones too. */
  findByIds(ids: readonly string[]): Promise<readonly Dataset[]>;
  /** Datasets with counts and owners, newest first. */
  page(filter: DatasetFilter, slice: Slice): Promise<Counted<DatasetSummary>>;
  totals(filter: DatasetFilter): Promise<DatasetTotals>;
  /** @throws AppError DATASET_NAME_TAKEN (conflict). */
  update(id: string, changes: { name?: string; tags?: readonly string[] }): Promise<Dataset>;
  softDelete(id: string): Promise<void>;
  /** All live ones of an owner at once. */
  softDeleteAll(userId: string): Promise<void>;
  /** Items in upload order, each with its media. */
  items(datasetId: string): Promise<readonly DatasetItem[]>;
  /**
   * Appends items after the last one, in this order, as one upload; positions and the upload's number are
   * assigned under a lock of the dataset's row.
   */
  addItems(datasetId: string, items: readonly NewItem[]): Promise<readonly DatasetItem[]>;
  /** Distinct tags of the owner's live datasets, the first `limit` in alphabetical order. */
  distinctTags(userId: string, limit: number): Promise<readonly string[]>;
  /** Tags that are offered to every owner. */
  predefinedTags(): Promise<readonly string[]>;
  findMedia(mediaId: string): Promise<Media | null>;
  /** Media of all users, also of deleted datasets, ordered by id: those after `id`, or the first ones. */
  mediaAfter(id: string | null, limit: number): Promise<readonly Media[]>;
}

/** A file to be recorded; its bytes are already in the blob store under `storageKey`. */
export type NewMedia = Omit<Media, 'createdAt' | 'datasetId' | 'hole' | 'warnings'> &
  Partial<Pick<Media, 'hole' | 'warnings'>>;

/** An item to be recorded; a video is sampled once a second unless it says otherwise. */
export interface NewItem {
  readonly source: NewMedia;
  readonly mask?: NewMedia;
  readonly sampleFps?: number;
}
