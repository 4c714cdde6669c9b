import type { Job, JobInput } from '../domain/job.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';
import { planOf } from './job-planner.js';

/** A file of a job as it is shown. */
export interface ShownInput extends JobInput {
  /** Its owner has deleted it, or its dataset, since the job was created. */
  readonly deleted: boolean;
}

/** The files that a job runs on, and whether they were deleted since; null for jobs of earlier versions. */
export async function shownInputs(
  { datasets }: Pick<Repositories, 'datasets'>,
  { inputs }: Job,
): Promise<readonly ShownInput[] | null> {
  if (!inputs) return null;
  const live = await datasets.liveMedia(inputs.map(({ mediaId }) => mediaId));
  return inputs.map((input) => ({ ...input, deleted: !live.has(input.mediaId) }));
}

/** @throws AppError JOB_NOT_RETRYABLE (conflict) when a file of the job was removed for good */
export async function requireInputs({ datasets }: Pick<Repositories, 'datasets'>, job: Job): Promise<void> {
  for (const mediaId of Object.values(planOf(job).media)) {
    if (await datasets.findMedia(mediaId)) continue;
    const message = `Job ${job.id} cannot be retried: its media ${mediaId} was deleted.`;
    throw new AppError('JOB_NOT_RETRYABLE', { message, details: { status: job.status, mediaId } });
  }
}
