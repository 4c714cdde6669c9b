import type {
  IncomingUpload,
  ListedPart,
  UploadEnd,
  UploadProblem,
  UploadProtocol,
  UploadState,
} from '../incoming-upload.js';
import type { Page, PageRequest } from './pages.js';

/** An upload to record. */
export type NewUpload = Omit<
  IncomingUpload,
  'parts' | 'state' | 'problem' | 'result' | 'hasBytes' | 'createdAt' | 'expiresAt' | 'finishedAt'
> & {
  /** From now. */
  readonly lifetimeMs: number;
};

/** Uploads to list. */
export interface UploadFilter extends PageRequest {
  readonly userId: string;
  readonly states?: readonly UploadState[];
  readonly protocol?: UploadProtocol;
}

/** Uploads in several requests. */
export interface UploadRepository {
  create(upload: NewUpload): Promise<IncomingUpload>;
  findById(id: string): Promise<IncomingUpload | null>;
  /** @throws AppError NOT_FOUND, also for uploads of other users */
  requireOwned(id: string, userId: string): Promise<IncomingUpload>;
  /** The row under lock until the transaction ends. */
  lock(id: string): Promise<IncomingUpload | null>;
  /** Both uploads of a pair, or the only one. */
  group(key: string): Promise<readonly IncomingUpload[]>;
  /** Newest first. */
  list(filter: UploadFilter): Promise<Page<IncomingUpload>>;
  countUnfinished(userId: string): Promise<number>;
  /** Records the listed parts of an open upload. */
  keepParts(id: string, parts: readonly ListedPart[]): Promise<void>;
  /** Records that all bytes of a file of a pair have arrived. */
  markReceived(id: string, parts: readonly ListedPart[] | null): Promise<void>;
  /**
   * @param hasBytes whether the store has bytes that no media row took over
   * @throws AppError NOT_FOUND when it is not unfinished, which rolls the transaction back
   */
  complete(id: string, result: unknown, hasBytes: boolean): Promise<void>;
  end(id: string, state: UploadEnd, problem?: UploadProblem): Promise<void>;
  /** Records that the store has no bytes of it any more. */
  forgetBytes(id: string): Promise<void>;
  /** Unfinished uploads that have expired or whose user is deleted. */
  findAbandoned(limit: number): Promise<readonly IncomingUpload[]>;
  /** Finished uploads whose bytes were not removed yet. */
  findLeftovers(limit: number): Promise<readonly IncomingUpload[]>;
  /** Which of the ids have a row. */
  knownIds(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Which of the ids have a row whose bytes no media row took over, finished or not. */
  withBytes(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Removes rows that ended without media before a date. @returns how many */
  removeEnded(before: Date): Promise<number>;
  /** Locks a group of uploads until the transaction ends, unless a request is working on it. */
  tryLockGroup(key: string): Promise<boolean>;
}
