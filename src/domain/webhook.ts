import type { JobEventType } from './job-event.js';
import { isTerminal, type JobStatus } from './job.js';

/** PostgreSQL NOTIFY channel for new webhook events and deliveries. */
export const WEBHOOKS_CHANNEL = 'webhooks';

/** Events that an endpoint can subscribe to. */
export const WEBHOOK_EVENTS = [
  'job.started',
  'job.progress',
  'job.completed',
  'job.failed',
  'job.aborted',
] as const;
/** See {@link WEBHOOK_EVENTS}. */
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

/** Type of the test message; it is sent whatever the endpoint subscribes to. */
export const WEBHOOK_PING = 'webhook.ping';
/** Type of a message. */
export type WebhookMessageType = WebhookEventType | typeof WEBHOOK_PING;

/** Events of an endpoint unless it names others: those that end a job. */
export const TERMINAL_WEBHOOK_EVENTS: readonly WebhookEventType[] = [
  'job.completed',
  'job.failed',
  'job.aborted',
];

const BY_STATUS: Readonly<Partial<Record<JobStatus, WebhookEventType>>> = {
  RUNNING: 'job.started',
  COMPLETED: 'job.completed',
  FAILED: 'job.failed',
  ABORTED: 'job.aborted',
};

/** The webhook event of a job event; undefined for a job that waits. */
export function webhookEventOf(
  type: JobEventType,
  payload: { readonly status?: JobStatus },
): WebhookEventType | undefined {
  if (type === 'progress') return 'job.progress';
  return payload.status && BY_STATUS[payload.status];
}

/** Status of a job as told by an event; progress belongs to a running job. */
export function statusOfEvent(type: WebhookEventType): JobStatus {
  const [status] = Object.entries(BY_STATUS).find(([, event]) => event === type) ?? [];
  return (status as JobStatus | undefined) ?? 'RUNNING';
}

/** Whether an event ends its job. */
export const endsJob = (type: WebhookEventType): boolean => isTerminal(statusOfEvent(type));

/** Why an endpoint gets no events: its owner disabled it, it answered 410, or it failed for days. */
export type WebhookDisabledReason = 'user' | 'gone' | 'failing';

/** A secret that was replaced and still signs until it expires. */
export interface OldWebhookSecret {
  readonly secret: string;
  /** ISO-8601. */
  readonly expiresAt: string;
}

/** Which events an endpoint gets; empty lists of tasks and datasets mean all. */
export interface WebhookSubscription {
  readonly events: readonly WebhookEventType[];
  readonly tasks: readonly string[];
  readonly datasetIds: readonly string[];
}

/** An endpoint that receives events of a user's jobs. */
export interface Webhook extends WebhookSubscription {
  readonly id: string;
  readonly userId: string;
  readonly url: string;
  readonly description: string;
  /** The jobs of one request only; null for an endpoint of the account. */
  readonly batchId: string | null;
  readonly secret: string;
  readonly oldSecrets: readonly OldWebhookSecret[];
  readonly disabledReason: WebhookDisabledReason | null;
  readonly disabledAt: Date | null;
  /** Failed attempts since the last successful one. */
  readonly failures: number;
  readonly failingSince: Date | null;
  /** The circuit breaker is open until then. */
  readonly pausedUntil: Date | null;
  readonly deliveredAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An event that has not been turned into deliveries yet. */
export interface WebhookEvent {
  readonly jobId: string;
  readonly userId: string;
  readonly type: WebhookEventType;
  /** Payload of the job event. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

/** Whether an endpoint gets an event of a job. An endpoint never gets events that are older than it. */
export function isSubscribed(
  webhook: Webhook,
  event: Pick<WebhookEvent, 'type' | 'createdAt'>,
  job: { readonly task: string; readonly datasetId: string | null; readonly batchId: string },
): boolean {
  const { events, tasks, datasetIds, batchId, createdAt } = webhook;
  return (
    events.includes(event.type) &&
    createdAt <= event.createdAt &&
    (batchId === null || batchId === job.batchId) &&
    (tasks.length === 0 || tasks.includes(job.task)) &&
    (datasetIds.length === 0 || (job.datasetId !== null && datasetIds.includes(job.datasetId)))
  );
}
