import { MAX_ATTEMPTS, type Job, type JobFailure } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import type { JobQueue } from '../queue/job-queue.js';
import { queueMessageId, queueMessageIdsOf } from '../queue/jobs.js';
import { endWithoutResult } from './job-settlement.js';

/** Counts of one reconciler round. */
export interface ReconcilerRound {
  readonly requeued: number;
  readonly failed: number;
  readonly expiredKeys: number;
}

/** How long a PENDING job may lack a queue message before it is enqueued again. */
const PENDING_GRACE_MS = 5_000;
const IDEMPOTENCY_KEY_AGE_MS = 24 * 3600 * 1000;

const WORKER_LOST: JobFailure = {
  code: 'WORKER_LOST',
  message: `The worker was lost in the last of ${MAX_ATTEMPTS} attempts.`,
};

/**
 * Reconciles job rows with the queue. Rows are authoritative: a job without a queue message is enqueued
 * again; a job whose worker was lost is requeued or, after its last attempt, ends FAILED like any other
 * failed job. Rounds may run concurrently: a duplicate queue message is discarded when a worker claims the
 * job.
 */
export class ReconcilerService {
  readonly #unitOfWork: UnitOfWork;
  readonly #queue: Pick<JobQueue, 'known'>;
  readonly #log: Logger;

  constructor(unitOfWork: UnitOfWork, queue: Pick<JobQueue, 'known'>, log: Logger) {
    this.#unitOfWork = unitOfWork;
    this.#queue = queue;
    this.#log = log;
  }

  /** Runs one round. */
  async runOnce(now = new Date()): Promise<ReconcilerRound> {
    const stale = await this.#unitOfWork.read.jobs.findStale(new Date(now.getTime() - PENDING_GRACE_MS));
    const known = await this.#queue.known(stale.filter(isPending).flatMap(({ id }) => queueMessageIdsOf(id)));
    let requeued = 0;
    let failed = 0;
    for (const job of stale) {
      if (isPending(job) && queueMessageIdsOf(job.id).some((id) => known.has(id))) continue;
      const outcome = await this.#reconcile(job);
      if (outcome === 'requeued') requeued += 1;
      if (outcome === 'failed') failed += 1;
    }
    const expiredKeys = await this.#unitOfWork.read.idempotency.deleteOlderThan(
      new Date(now.getTime() - IDEMPOTENCY_KEY_AGE_MS),
    );
    return { requeued, failed, expiredKeys };
  }

  /** Handles one job. The row is read again under its lock, since it may have changed after it was listed. */
  async #reconcile(seen: Job): Promise<'requeued' | 'failed' | 'unchanged'> {
    const { id } = seen;
    return this.#unitOfWork.run(async (scope) => {
      const job = await scope.jobs.lock(id);
      if (!job || !isSameAttempt(job, seen)) return 'unchanged';
      if (job.attempt >= MAX_ATTEMPTS) {
        await endWithoutResult(scope, job, { status: 'FAILED', failure: WORKER_LOST });
        this.#log.warn('Job failed: its worker was lost in the last attempt.', { jobId: id });
        return 'failed';
      }
      // A crashed attempt may still hold the lock of its queue message, so the message of the next attempt
      // gets another id.
      const dedupeId = queueMessageId(id, job.attempt);
      await scope.enqueue({ name: 'inference.run', payload: { jobId: id }, dedupeId });
      this.#log.debug('Job requeued.', { jobId: id, dedupeId });
      return 'requeued';
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

function isPending(job: Job): boolean {
  return job.status === 'PENDING';
}
