import { MAX_ATTEMPTS, type Job, type JobFailure } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import type { JobQueue } from '../queue/job-queue.js';
import { queueMessageId, queueMessageIdsOf } from '../queue/jobs.js';
import { endWithoutResult } from './job-settlement.js';

/** What one round did. */
export interface ReconcilerRound {
  readonly requeued: number;
  readonly failed: number;
  readonly expiredKeys: number;
}

/** Waiting time after which a PENDING job without a queue message counts as lost. */
const PENDING_GRACE_MS = 5_000;
const IDEMPOTENCY_KEY_AGE_MS = 24 * 3600 * 1000;

const WORKER_LOST: JobFailure = {
  code: 'WORKER_LOST',
  message: `The worker was lost in the last of ${MAX_ATTEMPTS} starts.`,
};

/**
 * Reconciles rows and queue. Rows are authoritative: jobs without a queue message are enqueued again, what lost its
 * worker is started again or, after the last start, ends FAILED through the same way as every other failure.
 * Safe to run twice at the same time; a duplicate queue message is dropped at the claim.
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

  /** One round. */
  async runOnce(now = new Date()): Promise<ReconcilerRound> {
    const stale = await this.#unitOfWork.read.jobs.findStale(new Date(now.getTime() - PENDING_GRACE_MS));
    const known = await this.#queue.known(stale.filter(isPending).flatMap(({ id }) => queueMessageIdsOf(id)));
    let requeued = 0;
    let failed = 0;
    for (const job of stale) {
      if (isPending(job) && queueMessageIdsOf(job.id).some((id) => known.has(id))) continue;
      const outcome = await this.#heal(job);
      if (outcome === 'requeued') requeued += 1;
      if (outcome === 'failed') failed += 1;
    }
    const expiredKeys = await this.#unitOfWork.read.idempotency.deleteOlderThan(
      new Date(now.getTime() - IDEMPOTENCY_KEY_AGE_MS),
    );
    return { requeued, failed, expiredKeys };
  }

  /** Looks at the row again under its lock: it may have moved on since it was listed. */
  async #heal(seen: Job): Promise<'requeued' | 'failed' | 'unchanged'> {
    const { id } = seen;
    return this.#unitOfWork.run(async (scope) => {
      const job = await scope.jobs.lock(id);
      if (!job || !isSameStart(job, seen)) return 'unchanged';
      if (job.attempt >= MAX_ATTEMPTS) {
        await endWithoutResult(scope, job, { status: 'FAILED', failure: WORKER_LOST });
        this.#log.warn('A job lost its worker in its last start and ends FAILED.', { jobId: id });
        return 'failed';
      }
      // The crashed attempt may still lock its queue message, so this one gets the next number.
      const dedupeId = queueMessageId(id, job.attempt);
      await scope.enqueue({ name: 'inference.run', payload: { jobId: id }, dedupeId });
      this.#log.debug('A job was enqueued again.', { jobId: id, dedupeId });
      return 'requeued';
    });
  }
}

/** The database judged the lease by its own clock; here it only matters that it was not renewed or changed since. */
function isSameStart(job: Job, seen: Job): boolean {
  return (
    job.status === seen.status &&
    job.attempt === seen.attempt &&
    job.leaseExpiresAt?.getTime() === seen.leaseExpiresAt?.getTime()
  );
}

function isPending(job: Job): boolean {
  return job.status === 'PENDING';
}
