import { v7 as uuid } from 'uuid';
import type { JobEvent } from '../domain/job-event.js';
import { SERVO_TASK } from '../domain/servo-recording.js';
import { isTerminal, type Job, type TaskName } from '../domain/job.js';
import type { Quote } from '../domain/money.js';
import type { Counted, Slice } from '../domain/listing.js';
import type { JobConditions, JobFilter } from '../domain/repositories/job.repository.js';
import type { Page } from '../domain/repositories/pages.js';
import { PRIORITY } from '../domain/repositories/schedule.repository.js';
import type { Repositories, TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Principal } from '../domain/user.js';
import type { Webhook } from '../domain/webhook.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import type { JobControl } from '../queue/job-control.js';
import { queueMessageId } from '../queue/jobs.js';
import { requireInputs, shownInputs, type ShownInput } from './job-inputs.js';
import type { JobPlanner, JobRequest, PlannedJobs } from './job-planner.js';
import { endWithoutResult, holdCredits } from './job-settlement.js';
import { requireOpenTask } from './paused-tasks.js';
import { requireBalance } from './pricing.service.js';
import { countWaitingJobs, requireWaitingRoom, type WaitingJobs } from './waiting-jobs.js';
import { createJobWebhook, type JobWebhook } from './webhook.service.js';

/** Input of {@link JobService.create}. */
export interface CreateJobs {
  readonly principal: Principal;
  readonly datasetId: string;
  readonly task: TaskName;
  /** As sent by the client; validated by the task. */
  readonly parameters: unknown;
  /** `all` (default) or `a-b`. */
  readonly range?: string;
  /** Rank among the user's waiting jobs, -10 to 10; 0 by default. */
  readonly priority?: number;
  /** Seconds after its end for which a result is kept. */
  readonly expiresIn?: number;
  /** Endpoint for events of these jobs; its URL must have been checked. */
  readonly webhook?: JobWebhook;
  /** Only quote, using the same pricing code. */
  readonly dryRun?: boolean;
  /** Stores the response for idempotent repeats, in the same transaction. */
  readonly kept?: OutcomeRecord<CreatedJobs>;
}

/** The jobs of one request, in the order of their plans; empty for a dry run. */
export interface CreatedJobs {
  readonly jobs: readonly Job[];
  readonly quote: Quote;
  /** The endpoint that the request asked for. */
  readonly webhook?: Webhook;
}

/** The price of jobs, and whether they would be accepted. */
export interface JobEstimate {
  readonly quote: Quote;
  readonly waitingJobs: WaitingJobs;
}

/** Limits on new jobs. */
export interface JobLimits {
  /** Throws STORAGE_FULL while free disk space is below the reserve. */
  requireSpace(): Promise<void>;
  /** Maximum number of waiting jobs of users without a limit of their own, admins included; 0 for no limit. */
  readonly maxWaitingPerUser: number;
}

/** Who is viewing jobs. `anyOwner` is used by admin routes and has an effect for admins only. */
export interface JobViewer {
  /** A signed link identifies only the user and never grants admin rights. */
  readonly principal: Pick<Principal, 'userId'> & Partial<Pick<Principal, 'role'>>;
  readonly anyOwner?: boolean;
}

/** Dependencies of {@link JobService}. */
export interface JobServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly planner: JobPlanner;
  readonly control: JobControl;
}

/** Creates, shows, cancels and retries jobs. Jobs of other users are reported as NOT_FOUND. */
export class JobService {
  readonly #deps: JobServiceDeps;
  readonly #limits: JobLimits;

  constructor(deps: JobServiceDeps, limits: JobLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /**
   * Validates, prices, holds credits, records and enqueues in one short transaction: either all jobs of the
   * request exist, are paid for and enqueued, or nothing is changed.
   * @throws AppError STORAGE_FULL (storage_full) while free disk space is below its reserve,
   *   TOO_MANY_WAITING_JOBS (rate_limited).
   */
  async create(input: CreateJobs): Promise<CreatedJobs> {
    if (input.dryRun) return { jobs: [], quote: (await this.estimate(input)).quote };
    await this.#limits.requireSpace();
    return this.#deps.unitOfWork.run(async (scope) => {
      const planned = await this.#deps.planner.plan(scope, requestOf(input));
      const { principal, priority = PRIORITY.usual } = input;
      const { expiresIn: resultTtlSeconds = null } = input;
      const owner = { userId: principal.userId, retryOf: null, priority, resultTtlSeconds };
      const jobs = await this.#admit(scope, planned, owner);
      const webhook = input.webhook && (await createJobWebhook(scope, jobs[0], input.webhook));
      const created = { jobs, quote: planned.total, webhook };
      await input.kept?.record(scope, created);
      return created;
    });
  }

  /** The price that {@link create} would charge, and whether the limit of waiting jobs allows it. */
  async estimate(input: Omit<CreateJobs, 'dryRun' | 'kept'>): Promise<JobEstimate> {
    const { read } = this.#deps.unitOfWork;
    const { total, plans } = await this.#deps.planner.plan(read, requestOf(input));
    const waitingJobs = await countWaitingJobs(read.jobs, {
      userId: input.principal.userId,
      added: plans.length,
      limit: await this.#waitingLimit(read, input.principal.userId),
    });
    return { quote: total, waitingJobs };
  }

  /** Jobs of the caller, or with `anyOwner` of all users, newest first. */
  async list({ principal, anyOwner }: JobViewer, filter: JobFilter): Promise<Page<Job>> {
    const allUsers = anyOwner === true && principal.role === 'admin';
    return this.#deps.unitOfWork.read.jobs.list(allUsers ? filter : { ...filter, userId: principal.userId });
  }

  /** The caller's jobs by page number, newest first. */
  async page(
    { principal }: Pick<JobViewer, 'principal'>,
    filter: Omit<JobConditions, 'userId'>,
    slice: Slice,
  ): Promise<Counted<Job>> {
    return this.#deps.unitOfWork.read.jobs.page({ ...filter, userId: principal.userId }, slice);
  }

  /** @throws AppError NOT_FOUND, also for another user's job. */
  async get(id: string, viewer: JobViewer): Promise<Job> {
    return findVisibleJob(this.#deps.unitOfWork.read, id, viewer);
  }

  /** Number of waiting jobs that start before this one; null when the job is not waiting. */
  async queuePosition(job: Job): Promise<number | null> {
    return job.status === 'PENDING' ? this.#deps.unitOfWork.read.schedule.position(job.id) : null;
  }

  /** See {@link shownInputs}. */
  async inputs(job: Job): Promise<readonly ShownInput[] | null> {
    return shownInputs(this.#deps.unitOfWork.read, job);
  }

  /** Events with a number greater than `after`, oldest first. */
  async events(id: string, viewer: JobViewer, after: number): Promise<readonly JobEvent[]> {
    await findVisibleJob(this.#deps.unitOfWork.read, id, viewer);
    return this.#deps.unitOfWork.read.jobs.eventsAfter(id, after);
  }

  /**
   * Cancels a job and releases its hold. The row is updated first and is authoritative; the message that
   * stops the computation is sent after the commit. Cancelling an ABORTED job again changes nothing.
   * @throws AppError JOB_FINISHED (conflict) for a job that ended otherwise.
   */
  async cancel(id: string, viewer: JobViewer): Promise<Job> {
    return this.#deps.unitOfWork.run(async (scope) => {
      await findVisibleJob(scope, id, viewer);
      const job = await scope.jobs.lock(id);
      if (!job) throw notFound('Job', id);
      if (job.status === 'ABORTED') return job;
      if (isTerminal(job.status)) throw jobFinished(job);
      await endWithoutResult(scope, job, { status: 'ABORTED', failure: null });
      scope.afterCommit(() => this.#deps.control.announceCancel(id));
      return (await scope.jobs.findById(id)) ?? job;
    });
  }

  /** A job that {@link retry} would take. @throws AppError NOT_FOUND, JOB_NOT_RETRYABLE (conflict) */
  async requireRetryable(id: string, viewer: JobViewer): Promise<Job> {
    return findRetryableJob(this.#deps.unitOfWork.read, id, viewer);
  }

  /**
   * Creates a new job with the same plan and parameters, at current prices and with its own hold.
   * @throws AppError JOB_NOT_RETRYABLE (conflict) unless the job is FAILED or ABORTED, and as {@link create}
   *   does.
   */
  async retry(id: string, viewer: JobViewer, kept?: OutcomeRecord<Job>): Promise<Job> {
    await this.#limits.requireSpace();
    return this.#deps.unitOfWork.run(async (scope) => {
      const job = await findRetryableJob(scope, id, viewer);
      await requireInputs(scope, job);
      const planned = await this.#deps.planner.replan(scope, job);
      const { userId, priority, resultTtlSeconds } = job;
      const owner = { userId, retryOf: job.id, priority, resultTtlSeconds };
      const [copy] = await this.#admit(scope, planned, owner);
      await kept?.record(scope, copy);
      return copy;
    });
  }

  async #waitingLimit({ quotas }: Pick<Repositories, 'quotas'>, userId: string): Promise<number> {
    const overrides = await quotas.overrides(userId);
    return overrides?.waitingJobs ?? this.#limits.maxWaitingPerUser;
  }

  async #admit(
    scope: TransactionScope,
    { datasetId, task, params, device, plans, inputs, quotes, total }: PlannedJobs,
    owner: Pick<Job, 'userId' | 'retryOf' | 'priority' | 'resultTtlSeconds'>,
  ): Promise<readonly Job[]> {
    await requireOpenTask(scope, task);
    const limit = await this.#waitingLimit(scope, owner.userId);
    await requireWaitingRoom(scope, { userId: owner.userId, added: plans.length, limit });
    await requireBalance(scope.users, owner.userId, total.total);
    const batchId = uuid();
    const jobs = await scope.jobs.create(
      plans.map((plan, index) => ({
        ...owner,
        id: uuid(),
        batchId,
        datasetId,
        task,
        params,
        plan: { ...plan },
        inputs: inputs[index],
        deviceRequested: device,
        pricePreset: quotes[index].preset,
        priceVersion: quotes[index].version,
        held: quotes[index].total,
      })),
    );
    for (const job of jobs) {
      await holdCredits(scope, job);
      await scope.jobs.appendEvent(job.id, 'status', { status: 'PENDING', attempt: 0 });
      await scope.enqueue({
        name: 'inference.run',
        payload: { jobId: job.id },
        dedupeId: queueMessageId(job.id, 0),
      });
    }
    return jobs;
  }
}

/** The job, if the viewer may see it. @throws AppError NOT_FOUND otherwise. */
export async function findVisibleJob(
  { jobs }: Pick<Repositories, 'jobs'>,
  id: string,
  { principal, anyOwner }: JobViewer,
): Promise<Job> {
  if (!anyOwner || principal.role !== 'admin') return jobs.requireOwned(id, principal.userId);
  const job = await jobs.findById(id);
  if (!job) throw notFound('Job', id);
  return job;
}

async function findRetryableJob(
  repositories: Pick<Repositories, 'jobs'>,
  id: string,
  viewer: JobViewer,
): Promise<Job> {
  const job = await findVisibleJob(repositories, id, viewer);
  if (job.status !== 'FAILED' && job.status !== 'ABORTED') throw jobNotRetryable(job);
  if (job.task === SERVO_TASK) throw recordingGone(job);
  return job;
}

function requestOf({ principal, datasetId, task, parameters, range }: CreateJobs): JobRequest {
  return { userId: principal.userId, datasetId, task, parameters, range: range ?? 'all' };
}

function jobFinished(job: Job): AppError {
  const message = `Job ${job.id} is already ${job.status} and cannot be cancelled.`;
  return new AppError('JOB_FINISHED', { message, details: { status: job.status } });
}

function recordingGone(job: Job): AppError {
  const message = `Job ${job.id} renders the recording of a session, which is not kept after the job has ended.`;
  return new AppError('JOB_NOT_RETRYABLE', { message, details: { status: job.status } });
}

function jobNotRetryable(job: Job): AppError {
  const message = `Job ${job.id} is ${job.status}; only a FAILED or ABORTED job can be retried.`;
  return new AppError('JOB_NOT_RETRYABLE', { message, details: { status: job.status } });
}
