import { v7 as uuid } from 'uuid';
import { MAX_ATTEMPTS, type Job, type JobFailure, type JobProgress } from '../domain/job.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { AppError, isRetryable, messageOf } from '../errors/app-error.js';
import { diskFullInJob, isDiskFull } from '../errors/disk-full.js';
import type { TaskResult } from '../tasks/definition.js';
import { queueMessageId } from '../queue/jobs.js';
import { captureCredits, endWithoutResult } from './job-settlement.js';
import { PricingService } from './pricing.service.js';

/**
 * One attempt of a job. Its fence authorises writes; a later attempt gets a new fence, which invalidates this
 * one.
 */
export interface ClaimedJob {
  readonly job: Job;
  readonly fence: string;
}

/** Outcome of recording a failed attempt. */
export type FailureOutcome = 'failed' | 'retried' | 'fence-lost';

/**
 * Maximum size of a result's JSON document in bytes. A single value of some 256 MB would crash the process
 * inside the database driver; this limit stays far below it and still fits every frame of a long video.
 */
export const MAX_RESULT_JSON_BYTES = 64 * 1024 * 1024;

/** Claims that are repeated when the chosen user reached the limit of running jobs meanwhile. */
const CLAIMS = 5;

/** Rolls a claim back. */
class UserAtLimit extends Error {}

/** Limits of a worker's claims. */
export interface ClaimLimits {
  readonly leaseMs: number;
  /** Running jobs per user without a limit of their own; 0, the default, for no limit. */
  readonly runningJobs?: number;
}

/** Records the progress and outcome of a running job. Every write is guarded by the fence of its attempt. */
export class JobRecorder {
  readonly #unitOfWork: UnitOfWork;
  readonly #leaseMs: number;
  readonly #runningJobs: number;

  constructor(unitOfWork: UnitOfWork, { leaseMs, runningJobs = 0 }: ClaimLimits) {
    this.#unitOfWork = unitOfWork;
    this.#leaseMs = leaseMs;
    this.#runningJobs = runningJobs;
  }

  /**
   * Claims the job that is next in the fair order of all users: RUNNING with a new fence and a lease. Null
   * when no job may start.
   */
  async claim(): Promise<ClaimedJob | null> {
    for (let claim = 0; claim < CLAIMS; claim += 1) {
      try {
        return await this.#unitOfWork.run((scope) => this.#claimNext(scope));
      } catch (error) {
        if (!(error instanceof UserAtLimit)) throw error;
      }
    }
    return null;
  }

  async #claimNext({ jobs, schedule }: TransactionScope): Promise<ClaimedJob | null> {
    const next = await schedule.next(this.#runningJobs);
    if (!next) return null;
    const fence = uuid();
    const job = await jobs.claimForRun(next.id, { fence, expiresAt: this.#leaseEnd() });
    if (!job) return null;
    if (next.limited && (await schedule.exceedsLimit(next.userId, this.#runningJobs)))
      throw new UserAtLimit(next.userId);
    await jobs.appendEvent(job.id, 'status', { status: 'RUNNING', attempt: job.attempt });
    return { job, fence };
  }

  /**
   * Sends a queue message for the next job of a user with a limit of running jobs: the messages that arrived
   * while the user was at the limit started nothing.
   */
  async wakeNextOf(userId: string): Promise<void> {
    const id = await this.#unitOfWork.read.schedule.waitingOfLimited(userId, this.#runningJobs);
    if (id === null) return;
    const dedupeId = `${queueMessageId(id, 0)}-${uuid()}`;
    await this.#unitOfWork.run(({ enqueue }) =>
      enqueue({ name: 'inference.run', payload: { jobId: id }, dedupeId }),
    );
  }

  /**
   * Extends the lease of the attempt; false when it no longer holds the fence (cancelled, or claimed again).
   */
  async renew({ job, fence }: ClaimedJob): Promise<boolean> {
    return this.#unitOfWork.read.jobs.renewLease(job.id, fence, this.#leaseEnd());
  }

  /** Records progress and notifies subscribers; false when the fence was lost. */
  async progress({ job, fence }: ClaimedJob, progress: JobProgress): Promise<boolean> {
    return this.#unitOfWork.run(async ({ jobs }) => {
      if (!(await jobs.setProgress(job.id, fence, progress))) return false;
      await jobs.appendEvent(job.id, 'progress', progress);
      return true;
    });
  }

  /**
   * Records the result in one transaction: status, JSON, ZIP, capture, release of the remaining hold, event.
   * @param openZip opens the ZIP at its beginning; called again when the transaction is retried.
   * @returns false when the fence was lost; nothing is recorded then.
   * @throws AppError RESULT_TOO_LARGE (final).
   */
  async complete(
    { job, fence }: ClaimedJob,
    result: TaskResult,
    openZip: () => AsyncIterable<Buffer>,
  ): Promise<boolean> {
    requireStorableJson(result.json);
    const { device, timings, energy, network } = result;
    return this.#unitOfWork.run(async (scope) => {
      const captured = await new PricingService(scope.prices).charge(job, result.units);
      const outcome = { captured, device, timings, energy, network };
      const completed = await scope.jobs.complete(job.id, fence, outcome);
      if (!completed) return false;
      await scope.results.store({ jobId: job.id, json: result.json, zip: openZip() });
      await scope.resultMedia.add(job, result.media ?? []);
      await captureCredits(scope, job, captured);
      if (completed.progress) await scope.jobs.appendEvent(job.id, 'progress', completed.progress);
      await scope.jobs.appendEvent(job.id, 'status', { status: 'COMPLETED', attempt: job.attempt });
      return true;
    });
  }

  /**
   * Records a failed attempt: FAILED with the hold released when the error is final or no attempts are left,
   * otherwise PENDING for a retry.
   */
  async recordFailure(claim: ClaimedJob, error: unknown): Promise<FailureOutcome> {
    const failure = failureOf(error);
    if (isRetryable(error) && claim.job.attempt < MAX_ATTEMPTS) {
      return (await this.#requeue(claim, { failure })) ? 'retried' : 'fence-lost';
    }
    return this.#unitOfWork.run(async (scope) => {
      const job = await scope.jobs.lock(claim.job.id);
      if (!job || job.status !== 'RUNNING' || job.fence !== claim.fence) return 'fence-lost';
      await endWithoutResult(scope, job, { status: 'FAILED', failure });
      return 'failed';
    });
  }

  /**
   * Requeues the job because this worker is stopping; the attempt is not counted. False when the fence was
   * lost.
   */
  async requeue(claim: ClaimedJob): Promise<boolean> {
    return this.#requeue(claim, { uncounted: true });
  }

  async #requeue(
    { job, fence }: ClaimedJob,
    { failure, uncounted }: { failure?: JobFailure; uncounted?: boolean },
  ): Promise<boolean> {
    return this.#unitOfWork.run(async ({ jobs }) => {
      if (!(await jobs.requeue(job.id, fence, { uncounted }))) return false;
      await jobs.appendEvent(job.id, 'status', { status: 'PENDING', attempt: job.attempt, failure });
      return true;
    });
  }

  #leaseEnd(): Date {
    return new Date(Date.now() + this.#leaseMs);
  }
}

/**
 * The failure shown to the user. The message of an unknown error is not shown: it may contain paths of this
 * machine.
 */
export function failureOf(error: unknown): JobFailure {
  if (isDiskFull(error)) return failureOf(diskFullInJob());
  if (error instanceof AppError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: 'The job failed with an internal error.' };
}

function requireStorableJson(json: TaskResult['json']): void {
  const bytes = Buffer.byteLength(stringify(json));
  if (bytes <= MAX_RESULT_JSON_BYTES) return;
  const message = `The JSON result has ${bytes} bytes; the limit is ${MAX_RESULT_JSON_BYTES}.`;
  throw new AppError('RESULT_TOO_LARGE', { message });
}

function stringify(json: TaskResult['json']): string {
  try {
    return JSON.stringify(json);
  } catch (cause) {
    const message = `The JSON result cannot be written: ${messageOf(cause)}.`;
    throw new AppError('RESULT_TOO_LARGE', { message, cause });
  }
}
