import type { Job, JobFailure } from '../domain/job.js';
import type { MicroCredits } from '../domain/money.js';
import { SERVO_TASK } from '../domain/servo-recording.js';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';

/** A job that costs nothing has no rows in the ledger: the session that it renders has paid. */
const isFree = ({ task }: Job): boolean => task === SERVO_TASK;

/** The part of a transaction that settling a job uses. */
type SettlementScope = Pick<TransactionScope, 'jobs' | 'ledger'>;

/**
 * Holds the quoted credits of a new job. @throws AppError INSUFFICIENT_CREDITS; the balance is guarded in the
 * ledger's statement.
 */
export async function holdCredits({ ledger }: SettlementScope, job: Job): Promise<void> {
  if (isFree(job)) return;
  await ledger.append({
    userId: job.userId,
    jobId: job.id,
    kind: 'hold',
    amount: job.held,
    delta: -job.held,
    description: `Held for ${job.task} job ${job.id}`,
  });
}

/** Captures what a completed job used and releases the rest of its hold. */
export async function captureCredits(
  scope: SettlementScope,
  job: Job,
  captured: MicroCredits,
): Promise<void> {
  if (isFree(job)) return;
  await scope.ledger.append({
    userId: job.userId,
    jobId: job.id,
    kind: 'capture',
    amount: captured,
    delta: 0n,
    description: `Captured for ${job.task} job ${job.id}`,
  });
  if (captured < job.held) await releaseCredits(scope, job, job.held - captured);
}

/**
 * Ends a job without a result: status, release of the whole hold and event together. Cancellation, failure,
 * reconciler and admin all use this function. The row's status decides which of them comes first, so a job is
 * refunded exactly once.
 * @returns false when the job had already ended; nothing is changed then.
 */
export async function endWithoutResult(
  scope: SettlementScope,
  job: Job,
  end: { readonly status: 'FAILED' | 'ABORTED'; readonly failure: JobFailure | null },
): Promise<boolean> {
  if (!(await scope.jobs.finish(job.id, end.status, end.failure))) return false;
  if (!isFree(job)) await releaseCredits(scope, job, job.held);
  await scope.jobs.appendEvent(job.id, 'status', {
    status: end.status,
    attempt: job.attempt,
    ...(end.failure && { failure: end.failure }),
  });
  return true;
}

async function releaseCredits({ ledger }: SettlementScope, job: Job, amount: MicroCredits): Promise<void> {
  await ledger.append({
    userId: job.userId,
    jobId: job.id,
    kind: 'release',
    amount,
    delta: amount,
    description: `Released from ${job.task} job ${job.id}`,
  });
}
