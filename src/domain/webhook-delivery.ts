import type { WebhookMessageType } from './webhook.js';

/** Status of a delivery. */
export const WEBHOOK_DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
/** See {@link WEBHOOK_DELIVERY_STATUSES}. */
export type WebhookDeliveryStatus = (typeof WEBHOOK_DELIVERY_STATUSES)[number];

/** Header names and values, in the order of the message. */
export type HeaderList = Readonly<Record<string, string>>;

/** The response to an attempt, shortened. */
export interface WebhookResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
  /** Whether the body was longer than what is kept. */
  readonly truncated: boolean;
}

/** One attempt to deliver a message. */
export interface WebhookAttempt {
  readonly number: number;
  /** ISO-8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly delivered: boolean;
  readonly requestHeaders: HeaderList;
  readonly response: WebhookResponse | null;
  /** Why there is no usable response. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** One message to one endpoint. */
export interface WebhookDelivery {
  /** Also the `webhook-id` of the message: the same in every attempt. */
  readonly id: string;
  readonly webhookId: string;
  readonly type: WebhookMessageType;
  readonly jobId: string | null;
  /** The body, byte for byte the same in every attempt. */
  readonly payload: string;
  readonly status: WebhookDeliveryStatus;
  /** Attempts so far. */
  readonly attempt: number;
  /** Attempts since it was created or redelivered. */
  readonly tries: number;
  readonly nextAttemptAt: Date | null;
  readonly expiresAt: Date;
  /** The newest attempts, oldest first. */
  readonly attempts: readonly WebhookAttempt[];
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** A delivery in a list: without its body, and of its attempts only the last one. */
export interface WebhookDeliverySummary extends Omit<WebhookDelivery, 'payload' | 'attempts'> {
  readonly lastAttempt: WebhookAttempt | null;
}

/** A delivery that one attempt may send; its fence authorises the record of the outcome. */
export interface ClaimedWebhookDelivery extends WebhookDelivery {
  readonly fence: string;
}
