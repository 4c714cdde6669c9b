import type { JobEvent } from '../domain/job-event.js';
import { isTerminal, type Job, type JobProgress } from '../domain/job.js';
import { toCredits } from '../domain/money.js';

/** A job and the facts shown with it that are not in its row. */
export interface JobView {
  readonly job: Job;
  readonly queuePosition: number | null;
}

/** Signs download paths for a user. */
export interface LinkSigner {
  sign(path: string, userId: string, extra?: string): string;
}

/** Path of the JSON result of a job. */
const jsonResultPath = (jobId: string): string => `/api/inference/result/json/${jobId}`;
/** Path of the ZIP result of a job, not signed yet. */
export const zipResultPath = (jobId: string): string => `/api/inference/result/zip/${jobId}`;

const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

function presentDevice({ device, deviceRequested }: Job) {
  return {
    requested: deviceRequested,
    used: device?.used ?? null,
    reason: device?.reason ?? null,
    attempts: device?.attempts ?? [],
  };
}

function presentAttempts(job: Job) {
  if (job.attempt === 0) return [];
  const times = { startedAt: isoOrNull(job.startedAt), finishedAt: isoOrNull(job.finishedAt) };
  return [{ number: job.attempt, ...times, error: job.failure }];
}

/**
 * Progress of a job. A COMPLETED row written by an earlier version may hold the last report before its result
 * was stored.
 */
export function presentProgress({ status, progress }: Pick<Job, 'status' | 'progress'>): JobProgress | null {
  return status === 'COMPLETED' && progress !== null
    ? { ...progress, done: progress.total, percent: 100 }
    : progress;
}

/** When the result is removed, if the request has limited its time. */
function resultEnd({ status, finishedAt, resultTtlSeconds }: Job): Date | null {
  if (status !== 'COMPLETED' || !finishedAt || !resultTtlSeconds) return null;
  return new Date(finishedAt.getTime() + resultTtlSeconds * 1000);
}

/** A job as the API returns it. */
export function presentJob({ job, queuePosition }: JobView, links: LinkSigner) {
  const done = job.status === 'COMPLETED';
  return {
    id: job.id,
    batchId: job.batchId,
    datasetId: job.datasetId,
    task: job.task,
    status: job.status,
    priority: job.priority,
    parameters: job.params,
    progress: presentProgress(job),
    queuePosition,
    device: presentDevice(job),
    model: job.network,
    timings: job.timings,
    energy: job.energy,
    cost: {
      quoted: toCredits(job.held),
      held: isTerminal(job.status) ? 0 : toCredits(job.held),
      captured: toCredits(job.captured),
      pricePreset: job.pricePreset,
      priceVersion: job.priceVersion,
    },
    attempt: job.attempt,
    attempts: presentAttempts(job),
    error: job.failure,
    retryOf: job.retryOf,
    resultExpiresAt: isoOrNull(resultEnd(job)),
    resultGoneAt: isoOrNull(job.resultGoneAt ?? null),
    results:
      done && !job.resultGoneAt
        ? { json: jsonResultPath(job.id), zip: links.sign(zipResultPath(job.id), job.userId) }
        : null,
    seq: job.seq,
    createdAt: job.createdAt.toISOString(),
    startedAt: isoOrNull(job.startedAt),
    finishedAt: isoOrNull(job.finishedAt),
  };
}

/**
 * A status change in the notification format of the compatibility routes; that of a COMPLETED job includes
 * the paths of its results.
 */
export function presentNotification(event: Extract<JobEvent, { type: 'status' }>, links: LinkSigner) {
  const { jobId, userId, payload } = event;
  const done = payload.status === 'COMPLETED';
  return {
    inferenceId: jobId,
    status: payload.status,
    ...(done && { result: { json: jsonResultPath(jobId), zip: links.sign(zipResultPath(jobId), userId) } }),
    ...(payload.failure && { errorMessage: payload.failure.message }),
  };
}
