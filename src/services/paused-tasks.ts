import type { TaskName } from '../domain/job.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';

const RETRY_AFTER_SECONDS = 60;

/** Rejects new jobs of a task that is paused for them. @throws AppError TASK_PAUSED (unavailable). */
export async function requireOpenTask(
  { schedule }: Pick<Repositories, 'schedule'>,
  name: TaskName,
): Promise<void> {
  const paused = (await schedule.pausedTasks()).find(({ task }) => task === name);
  if (!paused || paused.acceptsJobs) return;
  const why = paused.reason === null ? '' : ` The reason given is: ${paused.reason}`;
  throw new AppError('TASK_PAUSED', {
    message: `An admin has paused the task "${name}" since ${paused.pausedAt.toISOString()}; no new jobs are accepted.${why}`,
    details: { task: name, pausedAt: paused.pausedAt.toISOString() },
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
