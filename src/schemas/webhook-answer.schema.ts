import { z } from 'zod';
import { WEBHOOK_DELIVERY_STATUSES } from '../domain/webhook-delivery.js';
import { WEBHOOK_EVENTS, WEBHOOK_PING } from '../domain/webhook.js';
import { id, timestamp } from './common.schema.js';

/** An endpoint, without its secrets. */
export const webhook = z
  .object({
    id,
    url: z.string(),
    description: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    tasks: z.array(z.string()),
    datasetIds: z.array(id),
    batchId: id.nullable().meta({ description: 'For the endpoint of one request: the batch of its jobs' }),
    status: z.enum(['enabled', 'paused', 'disabled']).meta({
      description: '`paused` while the circuit breaker is open: after failed attempts, fewer are made',
    }),
    disabledReason: z.enum(['user', 'gone', 'failing']).nullable().meta({
      description: '`gone`: it answered 410; `failing`: every attempt of five days has failed',
    }),
    disabledAt: timestamp.nullable(),
    failures: z.number().int().meta({ description: 'Failed attempts since the last successful one' }),
    failingSince: timestamp.nullable(),
    pausedUntil: timestamp.nullable(),
    lastDeliveredAt: timestamp.nullable(),
    oldSecretsExpireAt: z.array(timestamp),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Webhook' });

const attempt = z.object({
  number: z.number().int(),
  startedAt: timestamp,
  durationMs: z.number().int(),
  delivered: z.boolean(),
  request: z.object({ headers: z.record(z.string(), z.string()) }),
  response: z
    .object({
      status: z.number().int(),
      headers: z.record(z.string(), z.string()),
      body: z.string().meta({ description: 'The first 4 KiB' }),
      truncated: z.boolean(),
    })
    .nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

const deliveryFields = {
  id: id.meta({ description: 'The `webhook-id` of the message' }),
  webhookId: id,
  type: z.enum([...WEBHOOK_EVENTS, WEBHOOK_PING]),
  jobId: id.nullable(),
  status: z.enum(WEBHOOK_DELIVERY_STATUSES),
  attempt: z.number().int().meta({ description: 'Number of attempts so far' }),
  responseStatus: z.number().int().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  nextAttemptAt: timestamp.nullable(),
  expiresAt: timestamp,
  createdAt: timestamp,
  finishedAt: timestamp.nullable(),
};

/** A delivery in a list. */
export const delivery = z.object(deliveryFields).meta({ id: 'WebhookDelivery' });
/** A delivery with its message and its attempts. */
export const deliveryDetails = z
  .object({
    ...deliveryFields,
    request: z.object({ method: z.literal('POST'), url: z.string(), body: z.string() }),
    attempts: z.array(attempt).meta({ description: 'The newest 20 attempts, oldest first' }),
  })
  .meta({ id: 'WebhookDeliveryDetails' });
