import { isoOrNull } from '../domain/iso-time.js';
import type { WebhookAttempt, WebhookDelivery, WebhookDeliverySummary } from '../domain/webhook-delivery.js';
import type { Webhook } from '../domain/webhook.js';

function statusOf({ disabledReason, pausedUntil }: Webhook, now: Date): 'enabled' | 'paused' | 'disabled' {
  if (disabledReason !== null) return 'disabled';
  return pausedUntil !== null && pausedUntil > now ? 'paused' : 'enabled';
}

/** An endpoint as the API returns it, without its secrets. */
export function presentWebhook(webhook: Webhook) {
  const now = new Date();
  return {
    id: webhook.id,
    url: webhook.url,
    description: webhook.description,
    events: webhook.events,
    tasks: webhook.tasks,
    datasetIds: webhook.datasetIds,
    batchId: webhook.batchId,
    status: statusOf(webhook, now),
    disabledReason: webhook.disabledReason,
    disabledAt: isoOrNull(webhook.disabledAt),
    failures: webhook.failures,
    failingSince: isoOrNull(webhook.failingSince),
    pausedUntil: isoOrNull(webhook.pausedUntil),
    lastDeliveredAt: isoOrNull(webhook.deliveredAt),
    oldSecretsExpireAt: webhook.oldSecrets
      .map(({ expiresAt }) => expiresAt)
      .filter((expiresAt) => new Date(expiresAt) > now),
    createdAt: webhook.createdAt.toISOString(),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}

/** A delivery as lists have it. */
export const summaryOf = ({
  payload: _payload,
  attempts,
  ...delivery
}: WebhookDelivery): WebhookDeliverySummary => ({
  ...delivery,
  lastAttempt: attempts.at(-1) ?? null,
});

/** A delivery in a list. */
export function presentDelivery(delivery: WebhookDeliverySummary) {
  const last = delivery.lastAttempt;
  return {
    id: delivery.id,
    webhookId: delivery.webhookId,
    type: delivery.type,
    jobId: delivery.jobId,
    status: delivery.status,
    attempt: delivery.attempt,
    responseStatus: last?.response?.status ?? null,
    error: last?.error ?? null,
    nextAttemptAt: isoOrNull(delivery.nextAttemptAt),
    expiresAt: delivery.expiresAt.toISOString(),
    createdAt: delivery.createdAt.toISOString(),
    finishedAt: isoOrNull(delivery.finishedAt),
  };
}

const presentAttempt = ({ requestHeaders, ...attempt }: WebhookAttempt) => ({
  ...attempt,
  request: { headers: requestHeaders },
});

/** A delivery with its message and its attempts. */
export function presentDeliveryDetails({ url }: Webhook, delivery: WebhookDelivery) {
  return {
    ...presentDelivery(summaryOf(delivery)),
    request: { method: 'POST', url, body: delivery.payload },
    attempts: delivery.attempts.map(presentAttempt),
  };
}
