import { z } from 'zod';
import { MAX_ATTEMPTS } from '../domain/job.js';

/** Options of a queue message, as BullMQ names them. */
export interface QueueMessageOptions {
  readonly attempts: number;
  readonly backoff: { readonly type: 'exponential'; readonly delay: number; readonly jitter: number };
  readonly removeOnComplete: { readonly count: number };
  readonly removeOnFail: { readonly count: number };
}

/** Finished queue messages kept for the queue board; rows of jobs are kept elsewhere and for good. */
const FINISHED_HINTS_KEPT = 500;

/** The table of all queue jobs: name, queue, payload, options. Rows hold the truth; payloads hold ids only. */
export const queueJobs = {
  'inference.run': {
    queue: 'inference',
    payload: z.object({ jobId: z.uuid() }),
    options: {
      attempts: MAX_ATTEMPTS,
      backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
      removeOnComplete: { count: FINISHED_HINTS_KEPT },
      removeOnFail: { count: FINISHED_HINTS_KEPT },
    } satisfies QueueMessageOptions,
  },
} as const;

/** Name of a queue job. */
export type QueueJobName = keyof typeof queueJobs;
/** Payload of a queue job, parsed again on arrival: it came over a wire and may be older than the code. */
export type PayloadOf<Name extends QueueJobName> = z.infer<(typeof queueJobs)[Name]['payload']>;

/**
 * Name of the queue that carries `name` in this installation. A prefix keeps several
 * installations, or tests, apart in one database.
 */
export function queueNameOf(name: QueueJobName, prefix: string): string {
  return prefix === '' ? queueJobs[name].queue : `${prefix}-${queueJobs[name].queue}`;
}

/**
 * Id of the queue message that follows attempt number `attempt` (0: before the first). An attempt whose worker died
 * leaves its queue message locked for a while, so the next queue message needs another id.
 */
export function queueMessageId(jobId: string, attempt: number): string {
  return attempt === 0 ? jobId : `${jobId}-${attempt}`;
}

/** Every queue message id that a job may have in the queue. */
export function queueMessageIdsOf(jobId: string): readonly string[] {
  return Array.from({ length: MAX_ATTEMPTS }, (_, attempt) => queueMessageId(jobId, attempt));
}
