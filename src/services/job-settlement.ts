import type { Job, JobFailure } from '../domain/job.js';
import type { MicroCredits } from '../domain/money.js';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';

/** What of a transaction the settlement of a job needs. */
type SettlementScope = Pick<TransactionScope, 'jobs' | 'ledger'>;

/** Reserves the quoted credits of a new job. @throws AppError INSUFFICIENT_CREDITS; the guard is in the ledger. */
export async function holdCredits({ ledger }: SettlementScope, job: Job): Promise<void> {
  await ledger.append({
    userId: job.userId,
    jobId: job.id,
    kind: 'hold',
    amount: job.held,
    delta: -job.held,
    description: `Held for ${job.task} job ${job.id}`,
  });
}

/** Takes what a completed job used and gives the rest of its hold back. */
export async function captureCredits(
  scope: SettlementScope,
  job: Job,
  captured: MicroCredits,
): Promise<void> {
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
 * The one way a job ends without a result: status, release of the whole hold and event together.
 * Cancel, failure, reconciler and administrator all come through here, so a job is refunded once however many
 * of them meet; the row's status decides who was first.
 * @returns false when the job was over already; nothing is changed then.
 */
export async function endWithoutResult(
  scope: SettlementScope,
  job: Job,
  end: { readonly status: 'FAILED' | 'ABORTED'; readonly failure: JobFailure | null },
): Promise<boolean> {
  if (!(await scope.jobs.finish(job.id, end.status, end.failure))) return false;
  await releaseCredits(scope, job, job.held);
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
