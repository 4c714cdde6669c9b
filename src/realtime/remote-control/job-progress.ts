import type { JobEvent } from '../../domain/job-event.js';
import type { JobStatus } from '../../domain/job.js';

/** State of a job from which its progress is shown. */
export interface JobState {
  readonly jobId: string;
  readonly seq: number;
  readonly status: JobStatus;
  readonly percent: number;
  readonly startedAt: Date | null;
  readonly updatedAt: Date;
}

/** The event `job:progress`; `dream_uuid` is the name under which published clients read the job's id. */
export interface JobProgressMessage {
  readonly jobId: string;
  readonly dream_uuid: string;
  readonly seq: number;
  readonly status: JobStatus;
  /** Percent. */
  readonly progress: number;
  /** Estimated milliseconds until the job ends; null while unknown. */
  readonly countdown_ms: number | null;
  readonly updated_at: string;
}

/** Milliseconds until the end, if the rest runs as fast as the part that is done. */
function countdownOf({ status, percent, startedAt, updatedAt }: JobState): number | null {
  if (status !== 'RUNNING' || startedAt === null || percent <= 0) return null;
  const elapsed = Math.max(0, updatedAt.getTime() - startedAt.getTime());
  return Math.round((elapsed * (100 - percent)) / percent);
}

/** A state as the clients receive it. */
export function progressMessage(state: JobState): JobProgressMessage {
  return {
    jobId: state.jobId,
    dream_uuid: state.jobId,
    seq: state.seq,
    status: state.status,
    progress: state.percent,
    countdown_ms: countdownOf(state),
    updated_at: state.updatedAt.toISOString(),
  };
}

/** The state of a job after an event. */
export function stateAfter(state: JobState, event: JobEvent): JobState {
  const common = { ...state, seq: event.seq, updatedAt: event.createdAt };
  if (event.type === 'progress') return { ...common, percent: event.payload.percent };
  const { status } = event.payload;
  return {
    ...common,
    status,
    // Another attempt starts from the beginning.
    percent: status === 'COMPLETED' ? 100 : status === 'RUNNING' || status === 'PENDING' ? 0 : state.percent,
    startedAt: status === 'RUNNING' ? event.createdAt : state.startedAt,
  };
}

/** The state of a job of which nothing but a change of its status is known. */
export function stateOf(event: Extract<JobEvent, { type: 'status' }>): JobState {
  const { jobId, seq, createdAt, payload } = event;
  const before = { jobId, seq, status: payload.status, percent: 0, startedAt: null, updatedAt: createdAt };
  return stateAfter(before, event);
}
