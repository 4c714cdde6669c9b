import { z } from 'zod';
import { MAX_ATTEMPTS } from '../domain/job.js';
import { MAX_PREVIEW_ATTEMPTS } from '../domain/preview.js';

/** Options of a queue message, in BullMQ's names. */
export interface QueueMessageOptions {
  readonly attempts: number;
  readonly backoff: { readonly type: 'exponential'; readonly delay: number; readonly jitter: number };
  readonly removeOnComplete: { readonly count: number };
  readonly removeOnFail: { readonly count: number };
}

/** Number of finished queue messages kept for the queue board. Job rows are stored elsewhere, permanently. */
const FINISHED_MESSAGES_KEPT = 500;

/** All queue jobs: name, queue, payload, options. Payloads contain only ids; the rows are authoritative. */
export const queueJobs = {
  'inference.run': {
    queue: 'inference',
    payload: z.object({ jobId: z.uuid() }),
    options: {
      attempts: MAX_ATTEMPTS,
      backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
      removeOnComplete: { count: FINISHED_MESSAGES_KEPT },
      removeOnFail: { count: FINISHED_MESSAGES_KEPT },
    } satisfies QueueMessageOptions,
  },
  'media.preview': {
    queue: 'previews',
    payload: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    options: {
      attempts: MAX_PREVIEW_ATTEMPTS,
      backoff: { type: 'exponential', delay: 5000, jitter: 0.5 },
      removeOnComplete: { count: FINISHED_MESSAGES_KEPT },
      removeOnFail: { count: FINISHED_MESSAGES_KEPT },
    } satisfies QueueMessageOptions,
  },
  'webhook.deliver': {
    queue: 'webhooks',
    // While the message of one turn is active, that of the next one can already wait.
    payload: z.object({ webhookId: z.uuid(), turn: z.number().int().min(0).max(1) }),
    options: {
      // Rows are due again on their own, so a failed message is not repeated.
      attempts: 1,
      backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
      removeOnComplete: { count: FINISHED_MESSAGES_KEPT },
      removeOnFail: { count: FINISHED_MESSAGES_KEPT },
    } satisfies QueueMessageOptions,
  },
} as const;

/** Name of a queue job. */
export type QueueJobName = keyof typeof queueJobs;
/** Whether a text names a queue job. */
export const isQueueJobName = (name: string): name is QueueJobName => Object.hasOwn(queueJobs, name);
/**
 * Payload of a queue job. It is validated again on arrival, because it may have been written by an older
 * version.
 */
export type PayloadOf<Name extends QueueJobName> = z.infer<(typeof queueJobs)[Name]['payload']>;

/**
 * Name of the queue of `name` in this installation. The prefix separates installations, or tests, that share
 * a database.
 */
export function queueNameOf(name: QueueJobName, prefix: string): string {
  return prefix === '' ? queueJobs[name].queue : `${prefix}-${queueJobs[name].queue}`;
}

/**
 * Id of the queue message for the attempt after number `attempt` (0 for the first). A message of an attempt
 * whose worker died stays locked for a while, so the next message needs another id.
 */
export function queueMessageId(jobId: string, attempt: number): string {
  return attempt === 0 ? jobId : `${jobId}-${attempt}`;
}

/** All queue message ids that a job may have. */
export function queueMessageIdsOf(jobId: string): readonly string[] {
  return Array.from({ length: MAX_ATTEMPTS }, (_, attempt) => queueMessageId(jobId, attempt));
}

/** Id of the message that sends deliveries of an endpoint in one of its two alternating turns. */
export function webhookMessageId(webhookId: string, turn: number): string {
  return `${webhookId}-${turn}`;
}
