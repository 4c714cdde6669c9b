import type { JobRepository } from '../domain/repositories/job.repository.js';
import type { UserRepository } from '../domain/repositories/user.repository.js';
import { AppError } from '../errors/app-error.js';

const RETRY_AFTER_SECONDS = 30;

/** The number of waiting jobs of a user before and after a request. */
export interface WaitingJobs {
  /** Jobs that are already waiting. */
  readonly waiting: number;
  /** Jobs that the request adds. */
  readonly added: number;
  /** Maximum number of waiting jobs per user; 0 for no limit. */
  readonly limit: number;
  readonly allowed: boolean;
}

/** Counts the waiting jobs of a user. */
export async function countWaitingJobs(
  jobs: Pick<JobRepository, 'countWaiting'>,
  { userId, added, limit }: { readonly userId: string; readonly added: number; readonly limit: number },
): Promise<WaitingJobs> {
  const waiting = await jobs.countWaiting(userId);
  return { waiting, added, limit, allowed: limit === 0 || waiting + added <= limit };
}

/**
 * Rejects requests that exceed the limit. The user's row stays locked until the transaction ends, so that
 * concurrent requests are counted one after the other.
 * @throws AppError TOO_MANY_WAITING_JOBS (rate_limited)
 */
export async function requireWaitingRoom(
  {
    users,
    jobs,
  }: { readonly users: Pick<UserRepository, 'lock'>; readonly jobs: Pick<JobRepository, 'countWaiting'> },
  request: { readonly userId: string; readonly added: number; readonly limit: number },
): Promise<void> {
  await users.lock(request.userId);
  const counted = await countWaitingJobs(jobs, request);
  if (!counted.allowed) throw tooManyWaiting(counted);
}

function tooManyWaiting({ waiting, added, limit }: WaitingJobs): AppError {
  const remedy =
    added > limit
      ? 'Ask for fewer jobs at once.'
      : 'Wait until some of them have started, or cancel some of them.';
  return new AppError('TOO_MANY_WAITING_JOBS', {
    message: `${waiting} of your jobs are waiting and this request adds ${added}; at most ${limit} may wait. ${remedy}`,
    details: { waiting, added, limit },
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
