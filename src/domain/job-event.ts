import { isTerminal, type JobFailure, type JobProgress, type JobStatus } from './job.js';

/** PostgreSQL NOTIFY channel for new job events. */
export const JOB_EVENTS_CHANNEL = 'job_events';

/** Payload of each kind of job event. */
export interface JobEventPayloads {
  readonly status: { readonly status: JobStatus; readonly attempt: number; readonly failure?: JobFailure };
  readonly progress: JobProgress;
}

/** Kinds of job events. */
export type JobEventType = keyof JobEventPayloads;

/** One event of a job; `seq` counts from 1 without gaps within the job. */
export type JobEvent = {
  [Type in JobEventType]: {
    readonly jobId: string;
    readonly userId: string;
    readonly seq: number;
    readonly type: Type;
    readonly payload: JobEventPayloads[Type];
    readonly createdAt: Date;
  };
}[JobEventType];

/** Whether an event is the last one of its job. */
export function endsJob(event: JobEvent): boolean {
  return event.type === 'status' && isTerminal(event.payload.status);
}
