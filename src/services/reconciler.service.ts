import { v7 as uuid } from 'uuid';
import { MAX_ATTEMPTS, type Job, type JobFailure } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import type { JobQueue } from '../queue/job-queue.js';
import { queueMessageIdsOf } from '../queue/jobs.js';
import { endWithoutResult } from './job-settlement.js';

/** Counts of one reconciler round. */
export interface ReconcilerRound {
  readonly requeued: number;
  readonly failed: number;
  readonly expiredKeys: number;
}

/** Age of a PENDING job from which a queue message must be there for it. */
const PENDING_GRACE_MS = 5_000;
const IDEMPOTENCY_KEY_AGE_MS = 24 * 3600 * 1000;

const WORKER_LOST: JobFailure = {
  code: 'WORKER_LOST',
  message: `The worker was lost in the last of ${MAX_ATTEMPTS} attempts.`,
};

/** Dependencies of {@link ReconcilerService}. */
export interface ReconcilerDeps {
  readonly unitOfWork: UnitOfWork;
  readonly queue: Pick<JobQueue, 'known' | 'untaken'>;
  /** Running jobs per user without a limit of their own; 0 for no limit. */
  readonly runningJobs: number;
}

/**
 * Reconciles job rows with the queue. Rows are authoritative, and any queue message starts the next job in
 * order, so as many messages as jobs must be waiting: missing ones are sent again. A job whose worker was
 * lost is started by the next message or, after its last attempt, ends FAILED like any other failed job.
 * Rounds may run concurrently: a message too many starts nothing.
 */
export class ReconcilerService {
  readonly #deps: ReconcilerDeps;
  readonly #log: Logger;

  constructor(deps: ReconcilerDeps, log: Logger) {
    this.#deps = deps;
    this.#log = log;
  }

  /** Runs one round. */
  async runOnce(now = new Date()): Promise<ReconcilerRound> {
    const { unitOfWork, runningJobs } = this.#deps;
    const before = new Date(now.getTime() - PENDING_GRACE_MS);
    const stale = await unitOfWork.read.jobs.findStale(before, runningJobs);
    let failed = 0;
    for (const job of stale.filter(hasNoAttemptLeft)) if (await this.#fail(job)) failed += 1;
    const requeued = await this.#sendMissing(stale.filter((job) => !hasNoAttemptLeft(job)));
    const expiredKeys = await unitOfWork.read.idempotency.deleteOlderThan(
      new Date(now.getTime() - IDEMPOTENCY_KEY_AGE_MS),
    );
    return { requeued, failed, expiredKeys };
  }

  async #sendMissing(jobs: readonly Job[]): Promise<number> {
    if (jobs.length === 0) return 0;
    const missing = jobs.length - (await this.#deps.queue.untaken());
    if (missing <= 0) return 0;
    const known = await this.#deps.queue.known(jobs.flatMap(({ id }) => queueMessageIdsOf(id)));
    const isKnown = ({ id }: Job) => queueMessageIdsOf(id).some((message) => known.has(message));
    // Messages are named after jobs for the queue board only: after lost ones, then after those without one.
    const rank = (job: Job) => (job.status === 'RUNNING' ? 0 : Number(isKnown(job)) + 1);
    const named = jobs.toSorted((one, other) => rank(one) - rank(other));
    let sent = 0;
    for (const job of named.slice(0, missing)) if (await this.#send(job, known)) sent += 1;
    return sent;
  }

  /**
   * Sends a message for one job. A message may be active for another job, and one of a lost worker stays
   * locked for a while, so an id that the queue does not know is chosen.
   */
  async #send(seen: Job, known: ReadonlySet<string>): Promise<boolean> {
    const { id } = seen;
    const dedupeId = queueMessageIdsOf(id).find((other) => !known.has(other)) ?? `${id}-${uuid()}`;
    return this.#deps.unitOfWork.run(async ({ jobs, enqueue }) => {
      const job = await jobs.lock(id);
      if (!job || !isSameAttempt(job, seen)) return false;
      await enqueue({ name: 'inference.run', payload: { jobId: id }, dedupeId });
      this.#log.debug('Job requeued.', { jobId: id, dedupeId });
      return true;
    });
  }

  /** Fails a job without attempts. The row is read again under its lock, since it may have changed. */
  async #fail(seen: Job): Promise<boolean> {
    const { id } = seen;
    return this.#deps.unitOfWork.run(async (scope) => {
      const job = await scope.jobs.lock(id);
      if (!job || !isSameAttempt(job, seen)) return false;
      await endWithoutResult(scope, job, { status: 'FAILED', failure: WORKER_LOST });
      this.#log.warn('Job failed: its worker was lost in the last attempt.', { jobId: id });
      return true;
    });
  }
}

/**
 * Whether the row still holds the attempt that was listed. That its lease has expired was decided by the
 * database's clock.
 */
function isSameAttempt(job: Job, seen: Job): boolean {
  return (
    job.status === seen.status &&
    job.attempt === seen.attempt &&
    job.leaseExpiresAt?.getTime() === seen.leaseExpiresAt?.getTime()
  );
}

function hasNoAttemptLeft({ attempt }: Job): boolean {
  return attempt >= MAX_ATTEMPTS;
}
