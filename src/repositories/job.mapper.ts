import type { JobEvent } from '../domain/job-event.js';
import type { Job } from '../domain/job.js';
import type { NewJob } from '../domain/repositories/job.repository.js';
import type { InferenceJobRow, NewInferenceJobRow } from '../dao/inference-job.dao.js';
import type { JobEventRow } from '../dao/job-event.dao.js';

/** Maps a row of `inference_jobs` to the domain. */
export function toJob(row: InferenceJobRow): Job {
  const { heldMicro, capturedMicro, failureCode, failureMessage, notBefore: _notBefore, ...job } = row;
  return {
    ...job,
    held: heldMicro,
    captured: capturedMicro,
    failure: failureCode === null ? null : { code: failureCode, message: failureMessage ?? '' },
  };
}

/** Maps a new job to a row. */
export function toJobRow({ held, ...job }: NewJob): NewInferenceJobRow {
  return { ...job, heldMicro: held };
}

/** Maps a row of `job_events` to the domain; the type column determines the payload. */
export function toJobEvent(row: JobEventRow): JobEvent {
  const { jobId, seq, userId, type, payload, createdAt } = row;
  return { jobId, seq, userId, type, payload, createdAt } as JobEvent;
}
