import type { AuditRepository } from './audit.js';
import type { Dataset, DatasetItem, Media } from './dataset.js';
import type { JobEvent, JobEventPayloads, JobEventType } from './job-event.js';
import type {
  DeviceReport,
  EnergyReport,
  Job,
  JobFailure,
  JobProgress,
  JobStatus,
  NetworkIdentity,
  StageTimings,
} from './job.js';
import type { LedgerEntry, LedgerKind, MicroCredits, PricePreset, PricePresetName } from './money.js';
import type {
  Counted,
  DatasetFilter,
  DatasetSummary,
  DatasetTotals,
  LedgerFilter,
  LedgerTotal,
  OwnedLedgerEntry,
  Slice,
  UserFilter,
} from './listing.js';
import type { RateCountRepository } from './rate-count.js';
import type { JobResult } from './result.js';
import type { Role, User } from './user.js';

/** One page of rows, newest first; `nextCursor` is null on the last page. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
}

/** Where a page starts and how long it is. */
interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

/** Which datasets of an owner to list; all tags but the given ones are no condition. */
export interface DatasetListFilter extends PageRequest {
  readonly tags?: readonly string[];
  readonly match: 'any' | 'all';
  readonly includeDeleted?: boolean;
}

/** Users by id or e-mail (lower-cased). */
export interface UserRepository {
  /** @throws AppError EMAIL_TAKEN (conflict) when the e-mail exists. */
  create(user: {
    email: string;
    passwordHash: string;
    role: Role;
    name?: string;
    surname?: string;
  }): Promise<User>;
  findById(id: string): Promise<User | null>;
  /** Those of different ids that there are, in any order. */
  findByIds(ids: readonly string[]): Promise<readonly User[]>;
  findByEmail(email: string): Promise<User | null>;
  /** Locks the row against changes and other locks until the transaction ends. @throws AppError NOT_FOUND. */
  lock(id: string): Promise<void>;
  setRole(id: string, role: Role): Promise<void>;
  setPassword(id: string, passwordHash: string): Promise<void>;
  /** Hashes the same password in another way; tokens stay valid. */
  replaceHash(id: string, hashes: { readonly from: string; readonly to: string }): Promise<void>;
  /** Disabling revokes all tokens; nothing changes when the account is so already. */
  setDisabled(id: string, disabled: boolean): Promise<void>;
  /** Accounts, newest first. */
  page(filter: UserFilter, slice: Slice): Promise<Counted<User>>;
  /** Changes what is given. @throws AppError EMAIL_TAKEN (conflict), NOT_FOUND. */
  update(id: string, changes: { name?: string; surname?: string; email?: string }): Promise<User>;
  /** Takes everything personal out of the row, frees the e-mail and revokes all tokens; ledger rows stay. */
  remove(id: string): Promise<void>;
}

/** Balance and append-only ledger. Every change of the balance writes exactly one row. */
export interface LedgerRepository {
  /**
   * Adds `delta` to the balance of `userId` and appends the row, guarded: never below zero.
   * @throws AppError INSUFFICIENT_CREDITS with the missing amount in details (credits).
   */
  append(entry: {
    userId: string;
    jobId?: string;
    kind: LedgerKind;
    amount: MicroCredits;
    delta: MicroCredits;
    description: string;
  }): Promise<LedgerEntry>;
  /**
   * Appends several rows of one account in their order, as {@link append} would one by one, but all or none.
   * @throws AppError INSUFFICIENT_CREDITS when the balance does not cover their sum.
   */
  appendAll(
    userId: string,
    entries: readonly Pick<LedgerEntry, 'kind' | 'amount' | 'delta' | 'description'>[],
  ): Promise<void>;
  listByUser(userId: string, limit: number): Promise<readonly LedgerEntry[]>;
  /** Rows of all users, newest first. */
  page(filter: LedgerFilter, slice: Slice): Promise<Counted<OwnedLedgerEntry>>;
  /** Sums of the rows that the filter lets through, one for each kind there is. */
  totals(filter: LedgerFilter): Promise<readonly LedgerTotal[]>;
  /** Sum of all deltas of a user: must equal the balance. */
  sumOfDeltas(userId: string): Promise<MicroCredits>;
}

/** Versioned price presets. */
export interface PriceRepository {
  /** The newest version of a preset. */
  current(preset: PricePresetName): Promise<PricePreset>;
  /** A certain version, for capturing a job that was quoted with it. */
  version(preset: string, version: number): Promise<PricePreset>;
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

/** What creates a job row. */
export type NewJob = Pick<
  Job,
  | 'id'
  | 'batchId'
  | 'userId'
  | 'datasetId'
  | 'task'
  | 'params'
  | 'plan'
  | 'deviceRequested'
  | 'pricePreset'
  | 'priceVersion'
  | 'held'
  | 'retryOf'
>;

/** Which jobs to list; what is left out does not filter. */
export interface JobConditions {
  readonly ids?: readonly string[];
  readonly userId?: string;
  readonly status?: readonly JobStatus[];
  readonly task?: Job['task'];
  readonly datasetId?: string;
  readonly batchId?: string;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  /** `false` leaves out jobs whose dataset was deleted. */
  readonly includeDeleted?: boolean;
  /** Part of the owner's e-mail, in upper or lower case. */
  readonly ownerEmailContains?: string;
}

/** Filter of the job list. */
export interface JobFilter extends JobConditions, PageRequest {}

/** A finished start, recorded only while its fence still holds. */
export interface JobOutcome {
  readonly captured: MicroCredits;
  readonly device: DeviceReport;
  readonly timings: StageTimings;
  readonly energy: EnergyReport;
  readonly network: NetworkIdentity | null;
}

/** Jobs and their events. Methods that change a job lock its row first. */
export interface JobRepository {
  create(jobs: readonly NewJob[]): Promise<readonly Job[]>;
  findById(id: string): Promise<Job | null>;
  /** @throws AppError NOT_FOUND, also for another user's job. */
  requireOwned(id: string, userId: string): Promise<Job>;
  /** The row under FOR UPDATE, or null. */
  lock(id: string): Promise<Job | null>;
  list(filter: JobFilter): Promise<Page<Job>>;
  /** The same by page number, newest first. */
  page(filter: JobConditions, slice: Slice): Promise<Counted<Job>>;
  /**
   * PENDING, or RUNNING with an expired lease -> RUNNING with attempt + 1, a new fence and a lease; null when there is nothing to claim.
   * Attempts used up (see MAX_ATTEMPTS) are not claimed.
   */
  claimForRun(id: string, lease: { fence: string; expiresAt: Date }): Promise<Job | null>;
  /** Renews the lease; false when the fence is no longer ours or the job is no longer RUNNING. */
  renewLease(id: string, fence: string, expiresAt: Date): Promise<boolean>;
  /**
   * RUNNING -> PENDING so that another start may claim it; false when the fence is lost.
   * `uncounted` takes the start back (attempt - 1): an orderly shutdown is no failure.
   */
  handBack(id: string, fence: string, options?: { readonly uncounted?: boolean }): Promise<boolean>;
  /** RUNNING -> COMPLETED with all of its progress done; null when the fence is lost. */
  complete(id: string, fence: string, outcome: JobOutcome): Promise<Job | null>;
  /** To FAILED or ABORTED from any live status; false when it already was terminal. */
  finish(id: string, status: 'FAILED' | 'ABORTED', failure: JobFailure | null): Promise<boolean>;
  setProgress(id: string, fence: string, progress: JobProgress): Promise<boolean>;
  /** Appends an event with the next `seq` and wakes listeners at commit. */
  appendEvent<Type extends JobEventType>(
    id: string,
    type: Type,
    payload: JobEventPayloads[Type],
  ): Promise<JobEvent>;
  /** Events with `seq` greater than `after`, ascending. */
  eventsAfter(id: string, after: number): Promise<readonly JobEvent[]>;
  /** PENDING jobs older than `before`, and RUNNING ones whose lease expired before now. */
  findStale(before: Date): Promise<readonly Job[]>;
  /** Ids of PENDING and RUNNING jobs whose user is deleted, RUNNING ones first. */
  liveOfDeletedUsers(limit: number): Promise<readonly string[]>;
  /** PENDING jobs of a user. */
  countWaiting(userId: string): Promise<number>;
  /** PENDING jobs created before this one. */
  queuePosition(job: Job): Promise<number>;
}

/** Results; the ZIP is streamed both ways in chunk rows. */
export interface ResultRepository {
  store(result: { jobId: string; json: JobResult['json']; zip: AsyncIterable<Buffer> }): Promise<JobResult>;
  find(jobId: string): Promise<JobResult | null>;
  /** Bytes of the ZIP from `start` to `end` inclusive. */
  readZip(jobId: string, range?: { start: number; end: number }): AsyncIterable<Buffer>;
}

/** State of one `Idempotency-Key` of a user. */
export interface IdempotencyRecord {
  readonly requestHash: string;
  readonly response: { readonly status: number; readonly body: unknown } | null;
}

/** Idempotency keys, kept 24 hours. */
export interface IdempotencyRepository {
  /** The record of a key; null when it is free. */
  find(userId: string, key: string): Promise<IdempotencyRecord | null>;
  /** Reserves the key; returns the existing record when it is taken. */
  begin(userId: string, key: string, requestHash: string): Promise<IdempotencyRecord | null>;
  complete(userId: string, key: string, response: { status: number; body: unknown }): Promise<void>;
  /** Frees a key whose request failed before anything happened. */
  release(userId: string, key: string): Promise<void>;
  deleteOlderThan(date: Date): Promise<number>;
}

/** Browser sessions that were signed out before they expired. */
export interface SessionRepository {
  /** Remembers the session until it would have expired; may be repeated. */
  revoke(id: string, expiresAt: Date): Promise<void>;
  isRevoked(id: string): Promise<boolean>;
}

/** All repositories, bound to one transaction (or to none, for plain reads). */
export interface Repositories {
  readonly users: UserRepository;
  readonly ledger: LedgerRepository;
  readonly prices: PriceRepository;
  readonly datasets: DatasetRepository;
  readonly jobs: JobRepository;
  readonly results: ResultRepository;
  readonly idempotency: IdempotencyRepository;
  readonly sessions: SessionRepository;
  readonly rateCounts: RateCountRepository;
  readonly audit: AuditRepository;
}

/** What a transaction offers besides the repositories. */
export interface TransactionScope extends Repositories {
  /** Enqueues in this transaction: rolled back with it, visible to workers only after commit. */
  enqueue(job: EnqueueRequest): Promise<void>;
  /** Runs after a successful commit; never when the transaction fails. */
  afterCommit(effect: () => void | Promise<void>): void;
}

/** A queue message for the queue: names the job row, carries nothing else. */
export interface EnqueueRequest {
  readonly name: 'inference.run';
  readonly payload: { readonly jobId: string };
  /** Makes the queue message unique; a repeated one is dropped by the queue. Never contains ':'. */
  readonly dedupeId: string;
}

/** Opens transactions. Serialisation failures and deadlocks are retried a few times; nothing else is. */
export interface UnitOfWork {
  run<Value>(work: (scope: TransactionScope) => Promise<Value>): Promise<Value>;
  /** Repositories outside a transaction, for reads. */
  readonly read: Repositories;
}
