import type { Dataset } from './dataset.js';
import type { HoldState, LedgerEntry, LedgerKind, MicroCredits } from './money.js';
import type { Role, User } from './user.js';

/** A page by number of rows: how many to skip and how many to take. */
export interface Slice {
  readonly offset: number;
  readonly limit: number;
}

/** One slice of rows and how many there are in all. */
export interface Counted<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

/** Who owns something, as an administrator sees it; a deleted user has no name and no address any more. */
export type Owner = Pick<User, 'id' | 'email' | 'name' | 'surname' | 'role'> & { readonly deleted: boolean };

/** What kinds of items a dataset holds. */
export const DATASET_CONTENTS = ['empty', 'image', 'video', 'image-mask', 'video-mask', 'mixed'] as const;
/** See {@link DATASET_CONTENTS}. */
export type DatasetContent = (typeof DATASET_CONTENTS)[number];

/** Items of a dataset in numbers. */
export interface DatasetCounts {
  readonly images: number;
  readonly videos: number;
  /** Sampled frames of all videos. */
  readonly videoFrames: number;
  /** Images with a mask: only these can be inpainted. */
  readonly maskedImages: number;
  readonly maskedVideos: number;
  /** Sampled frames of the videos with a mask. */
  readonly maskedVideoFrames: number;
}

/** A dataset with its counts and its owner. */
export interface DatasetSummary extends DatasetCounts {
  readonly dataset: Dataset;
  readonly content: DatasetContent;
  readonly owner: Owner;
}

/** Which datasets to count and list; what is left out does not filter. */
export interface DatasetFilter {
  readonly userId?: string;
  /** Part of the name, in upper or lower case. */
  readonly nameContains?: string;
  readonly content?: DatasetContent;
  readonly tags?: readonly string[];
  readonly match?: 'any' | 'all';
  readonly includeDeleted?: boolean;
}

/** Which accounts to count and list; what is left out does not filter. */
export interface UserFilter {
  /** Part of the e-mail, in upper or lower case. */
  readonly emailContains?: string;
  readonly role?: Role;
  readonly disabled?: boolean;
  readonly includeDeleted?: boolean;
}

/** Sums over all datasets that a filter lets through. */
export interface DatasetTotals extends DatasetCounts {
  readonly datasets: number;
  /** Datasets whose owner was deleted. */
  readonly orphaned: number;
  readonly byContent: Readonly<Record<DatasetContent, number>>;
}

/** A ledger row with the user that it belongs to. */
export interface OwnedLedgerEntry {
  readonly entry: LedgerEntry;
  readonly owner: Owner;
}

/** Which ledger rows to count and list; what is left out does not filter. */
export interface LedgerFilter {
  readonly userId?: string;
  readonly kinds?: readonly LedgerKind[];
  /** Of the holds among them, only those in these states. */
  readonly holds?: readonly HoldState[];
  /** `false` leaves out the rows of deleted accounts. */
  readonly includeDeleted?: boolean;
}

/** Sums of the ledger by kind of row, and of holds by their state. */
export interface LedgerTotal {
  readonly kind: LedgerKind;
  readonly hold: HoldState | null;
  readonly count: number;
  readonly amount: MicroCredits;
  readonly delta: MicroCredits;
}

/** What the counts say of a dataset: one mask is enough for `-mask`; `mixed` holds both images and videos. */
export function contentOf(counts: DatasetCounts): DatasetContent {
  const { images, videos, maskedImages, maskedVideos } = counts;
  if (images + videos === 0) return 'empty';
  if (images > 0 && videos > 0) return 'mixed';
  if (videos === 0) return maskedImages > 0 ? 'image-mask' : 'image';
  return maskedVideos > 0 ? 'video-mask' : 'video';
}
