import type { ClaimedImport, Import, ImportFile } from '../import.js';
import type { Page, PageRequest } from './pages.js';

/** A file to record. */
export type NewImportFile = Pick<ImportFile, 'id' | 'position' | 'name' | 'url' | 'maskUrl' | 'held'>;

/** An import with its files in order. */
export interface ImportWithFiles extends Import {
  readonly files: readonly ImportFile[];
}

/** How files are claimed. */
export interface ImportClaim {
  readonly leaseMs: number;
  /** Maximum number of files of one user that are worked on at the same time. */
  readonly perUser: number;
}

/** A file with the claim by which it is written. */
export type ImportLease = Pick<ImportFile, 'id' | 'fence'>;

/** Imports from URLs. */
export interface ImportRepository {
  create(batch: Omit<Import, 'createdAt'>, files: readonly NewImportFile[]): Promise<ImportWithFiles>;
  /** @throws AppError NOT_FOUND, also for imports of other users and datasets */
  requireOwned(
    id: string,
    owner: { readonly userId: string; readonly datasetId: string },
  ): Promise<ImportWithFiles>;
  /** Newest first. */
  list(
    filter: PageRequest & { readonly userId: string; readonly datasetId: string },
  ): Promise<Page<ImportWithFiles>>;
  countUnfinished(userId: string): Promise<number>;
  /** The unfinished files under lock until the transaction ends. */
  lockUnfinished(importId: string): Promise<readonly ImportFile[]>;
  /** Those of all imports of a user, under lock until the transaction ends. */
  lockUnfinishedOf(userId: string): Promise<readonly ImportFile[]>;
  /** Claims a file that is due, of the user with the fewest running ones; null when none is. */
  claim(claim: ImportClaim): Promise<ClaimedImport | null>;
  /** Extends the lease and records the progress. @returns whether the claim still holds */
  renew(
    lease: ImportLease,
    leaseMs: number,
    progress: Pick<ImportFile, 'bytes' | 'totalBytes'>,
  ): Promise<boolean>;
  /** The file under lock until the transaction ends, if the claim still holds. */
  lockClaimed(lease: ImportLease): Promise<ImportFile | null>;
  /** Lets another attempt follow. */
  requeue(lease: ImportLease, delayMs: number, countsAttempt: boolean): Promise<void>;
  complete(id: string, result: unknown, bytes: number): Promise<void>;
  end(id: string, state: 'failed' | 'cancelled', problem: ImportFile['problem']): Promise<void>;
  /** Which of the ids are of unfinished files. */
  unfinishedOf(ids: readonly string[]): Promise<ReadonlySet<string>>;
}
