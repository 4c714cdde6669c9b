import type { RetentionDays, TrashEntry, TrashKind } from '../trash.js';
import type { Page, PageRequest } from './pages.js';

/** An object of a user. */
export interface OwnedObject {
  readonly kind: TrashKind;
  readonly id: string;
  readonly userId: string;
}

/** Filter of the list of the trash. */
export interface TrashFilter extends PageRequest {
  readonly userId: string;
  readonly kind?: TrashKind;
  readonly trashDays: number;
}

/** Deleted objects until they are removed for good. Methods that change rows need a transaction. */
export interface TrashRepository {
  /**
   * Moves an object that is not deleted to the trash; a source takes its masks with it. Datasets have a method of their
   * own.
   * @returns false when the user has no such object
   */
  remove(object: OwnedObject & { readonly kind: Exclude<TrashKind, 'dataset'> }): Promise<boolean>;
  /** Most recently deleted first. */
  list(filter: TrashFilter): Promise<Page<TrashEntry>>;
  /** An entry that has not been removed for good; `null` when there is none. */
  find(object: OwnedObject, trashDays: number): Promise<TrashEntry | null>;
  /** @throws AppError DATASET_NAME_TAKEN (conflict) for a dataset whose name is in use again */
  restore(object: OwnedObject): Promise<void>;
  /** Lets the next round remove an object of the trash for good. */
  purgeSoon(object: OwnedObject): Promise<void>;
  /** Lets the next round remove everything in a user's trash for good. @returns number of objects */
  purgeAllSoon(userId: string): Promise<number>;
}

/** How many rows one step of {@link RetentionRepository} may remove. */
export interface RetentionStep extends RetentionDays {
  readonly limit: number;
}

/**
 * Removes for good what is due. Each method is one step in a transaction and returns how many objects it removed; fewer
 * than `limit` means that nothing more is due. Media that a waiting or running job may need stay until it has ended.
 */
export interface RetentionRepository {
  purgeMedia(step: RetentionStep): Promise<number>;
  purgeDatasets(step: RetentionStep): Promise<number>;
  purgeJobs(step: RetentionStep): Promise<number>;
  purgeResults(step: RetentionStep): Promise<number>;
  purgeEvents(step: RetentionStep): Promise<number>;
  purgeAudit(step: RetentionStep): Promise<number>;
  /** Removes what deleted users have left, except for the ledger; their jobs must have ended. */
  purgeUsers(step: RetentionStep): Promise<number>;
  /** Keys of files whose last row was removed. */
  removedFiles(limit: number): Promise<readonly string[]>;
  /** Lists files that could not be removed after all others. */
  postponeFiles(keys: readonly string[]): Promise<void>;
  /** Forgets files that have been removed from the store. */
  forgetFiles(keys: readonly string[]): Promise<void>;
  /**
   * Lists files that are about to be stored, before any of their bytes are. Files whose process is killed before their rows
   * exist are removed a day later.
   */
  announceFiles(keys: readonly string[]): Promise<void>;
  /**
   * Takes announced files off the list, in the transaction whose rows name them.
   * @throws AppError UPLOAD_ENDED when they were given up meanwhile
   */
  claimFiles(keys: readonly string[]): Promise<void>;
  /** Takes files off the list that were removed, or never stored. */
  withdrawFiles(keys: readonly string[]): Promise<void>;
  /** Lists files for removal that were announced a day ago and not claimed. @returns how many */
  giveUpFiles(limit: number): Promise<number>;
}
