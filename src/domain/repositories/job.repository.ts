import type { JobEvent, JobEventPayloads, JobEventType } from '../job-event.js';
import type {
  DeviceReport,
  EnergyReport,
  Job,
  JobFailure,
  JobProgress,
  JobStatus,
  NetworkIdentity,
  StageTimings,
} from '../job.js';
import type { Counted, Slice } from '../listing.js';
import type { MicroCredits } from '../money.js';
import type { Page, PageRequest } from './pages.js';

/** Columns of a new job row. */
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
> &
  Partial<Pick<Job, 'priority' | 'resultTtlSeconds' | 'inputs'>>;

/** Job filter; absent conditions do not filter. */
export interface JobConditions {
  readonly ids?: readonly string[];
  readonly userId?: string;
  readonly status?: readonly JobStatus[];
  readonly task?: Job['task'];
  readonly datasetId?: string;
  readonly batchId?: string;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  /** `false` excludes jobs whose dataset was deleted. */
  readonly includeDeleted?: boolean;
  /** Part of the owner's e-mail address, case-insensitive. */
  readonly ownerEmailContains?: string;
}

/** Filter and page of the job list. */
export interface JobFilter extends JobConditions, PageRequest {}

/** Outcome of a finished attempt; only recorded while its fence is valid. */
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
  /** @throws AppError NOT_FOUND, also for jobs of other users */
  requireOwned(id: string, userId: string): Promise<Job>;
  /** Locks the row with FOR UPDATE; `null` when it does not exist. */
  lock(id: string): Promise<Job | null>;
  list(filter: JobFilter): Promise<Page<Job>>;
  /** As `list`, by offset, newest first. */
  page(filter: JobConditions, slice: Slice): Promise<Counted<Job>>;
  /**
   * Claims a job: PENDING, or RUNNING with an expired lease, becomes RUNNING with attempt + 1, a new fence and a lease;
   * `null` when there is nothing to claim. Jobs that have used MAX_ATTEMPTS attempts are not claimed.
   */
  claimForRun(id: string, lease: { fence: string; expiresAt: Date }): Promise<Job | null>;
  /** Renews the lease; false when another attempt holds the job or it is no longer RUNNING. */
  renewLease(id: string, fence: string, expiresAt: Date): Promise<boolean>;
  /**
   * Requeues a job (RUNNING -> PENDING) for another attempt; false when the fence is lost. `uncounted` does not count
   * the attempt (attempt - 1), because an orderly shutdown is not a failure. A counted attempt is followed by a pause.
   */
  requeue(id: string, fence: string, options?: { readonly uncounted?: boolean }): Promise<boolean>;
  /** RUNNING -> COMPLETED with full progress; `null` when the fence is lost. */
  complete(id: string, fence: string, outcome: JobOutcome): Promise<Job | null>;
  /** Sets FAILED or ABORTED from any non-final status; false when the status was already final. */
  finish(id: string, status: 'FAILED' | 'ABORTED', failure: JobFailure | null): Promise<boolean>;
  setProgress(id: string, fence: string, progress: JobProgress): Promise<boolean>;
  /** Appends an event with the next `seq` and notifies listeners at commit. */
  appendEvent<Type extends JobEventType>(
    id: string,
    type: Type,
    payload: JobEventPayloads[Type],
  ): Promise<JobEvent>;
  /** Events with `seq` greater than `after`, ascending. */
  eventsAfter(id: string, after: number): Promise<readonly JobEvent[]>;
  /**
   * PENDING jobs older than `before` that may start, and RUNNING ones whose lease expired before now.
   * @param runningJobs running jobs per user without a limit of their own; 0 for no limit
   */
  findStale(before: Date, runningJobs: number): Promise<readonly Job[]>;
  /** Ids of PENDING and RUNNING jobs whose user is deleted, RUNNING ones first. */
  liveOfDeletedUsers(limit: number): Promise<readonly string[]>;
  /** Number of PENDING jobs of a user. */
  countWaiting(userId: string): Promise<number>;
}
