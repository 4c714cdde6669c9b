import type { Dataset } from './dataset.js';
import type { HoldState, LedgerEntry, LedgerKind, MicroCredits } from './money.js';
import type { Role, User } from './user.js';

/** A page by offset: rows to skip and rows to return. */
export interface Slice {
  readonly offset: number;
  readonly limit: number;
}

/** One slice of rows and the total number. */
export interface Counted<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

/** Owner as shown to administrators; a deleted user has no name or address. */
export type Owner = Pick<User, 'id' | 'email' | 'name' | 'surname' | 'role'> & { readonly deleted: boolean };

/** Kinds of items that a dataset contains. */
export const DATASET_CONTENTS = ['empty', 'image', 'video', 'image-mask', 'video-mask', 'mixed'] as const;
/** See {@link DATASET_CONTENTS}. */
export type DatasetContent = (typeof DATASET_CONTENTS)[number];

/** Item counts of a dataset. */
export interface DatasetCounts {
  readonly images: number;
  readonly videos: number;
  /** Sampled frames of all videos. */
  readonly videoFrames: number;
  /** Images with a mask; only these can be inpainted. */
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

/** Dataset filter; absent conditions do not filter. */
export interface DatasetFilter {
  readonly userId?: string;
  /** Part of the name, case-insensitive. */
  readonly nameContains?: string;
  readonly content?: DatasetContent;
  readonly tags?: readonly string[];
  readonly match?: 'any' | 'all';
  readonly includeDeleted?: boolean;
}

/** Account filter; absent conditions do not filter. */
export interface UserFilter {
  /** Part of the e-mail address, case-insensitive. */
  readonly emailContains?: string;
  /** Part of the e-mail address, or of name and surname, case-insensitive. */
  readonly search?: string;
  readonly role?: Role;
  readonly disabled?: boolean;
  readonly includeDeleted?: boolean;
}

/** Totals over all datasets that match a filter. */
export interface DatasetTotals extends DatasetCounts {
  readonly datasets: number;
  /** Datasets whose owner was deleted. */
  readonly orphaned: number;
  readonly byContent: Readonly<Record<DatasetContent, number>>;
}

/** A ledger row with its user. */
export interface OwnedLedgerEntry {
  readonly entry: LedgerEntry;
  readonly owner: Owner;
}

/** Ledger filter; absent conditions do not filter. */
export interface LedgerFilter {
  readonly userId?: string;
  readonly kinds?: readonly LedgerKind[];
  /** Restricts holds to these states. */
  readonly holds?: readonly HoldState[];
  /** `false` excludes rows of deleted accounts. */
  readonly includeDeleted?: boolean;
}

/** Ledger totals by kind of row, and for holds by state. */
export interface LedgerTotal {
  readonly kind: LedgerKind;
  readonly hold: HoldState | null;
  readonly count: number;
  readonly amount: MicroCredits;
  readonly delta: MicroCredits;
}

/**
 * Derives the content of a dataset from its counts: one mask is enough for `-mask`; `mixed` means both images and
 * videos.
 */
export function contentOf(counts: DatasetCounts): DatasetContent {
  const { images, videos, maskedImages, maskedVideos } = counts;
  if (images + videos === 0) return 'empty';
  if (images > 0 && videos > 0) return 'mixed';
  if (videos === 0) return maskedImages > 0 ? 'image-mask' : 'image';
  return maskedVideos > 0 ? 'video-mask' : 'video';
}
