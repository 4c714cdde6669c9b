import type { JobEvent } from '../domain/job-event.js';
import type { Job } from '../domain/job.js';
import type { NewJob } from '../domain/repositories/job.repository.js';
import type { InferenceJobRow, NewInferenceJobRow } from '../dao/inference-job.dao.js';
import type { JobEventRow } from '../dao/job-event.dao.js';

/** A row of `inference_jobs` as the domain sees it. */
export function toJob(row: InferenceJobRow): Job {
  const { heldMicro, capturedMicro, failureCode, failureMessage, ...job } = row;
  return {
    ...job,
    held: heldMicro,
    captured: capturedMicro,
    failure: failureCode === null ? null : { code: failureCode, message: failureMessage ?? '' },
  };
}

/** What is inserted for a new job. */
export function toJobRow({ held, ...job }: NewJob): NewInferenceJobRow {
  return { ...job, heldMicro: held };
}

/** A row of `job_events` as the domain sees it; the type column says which payload it is. */
export function toJobEvent(row: JobEventRow): JobEvent {
  const { jobId, seq, userId, type, payload, createdAt } = row;
  return { jobId, seq, userId, type, payload, createdAt } as JobEvent;
}
