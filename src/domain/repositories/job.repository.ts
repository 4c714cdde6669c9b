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

/** A finished attempt, recorded only while its fence is valid. */
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
   * RUNNING -> PENDING so that another attempt may claim it; false when the fence is lost.
   * `uncounted` does not count the attempt (attempt - 1): an orderly shutdown is no failure.
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
