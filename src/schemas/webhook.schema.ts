import { z } from 'zod';
import { hiddenCharacterIn } from '../domain/hidden-characters.js';
import { MAX_OUTBOUND_URL_LENGTH } from '../domain/outbound.js';
import { WEBHOOK_DELIVERY_STATUSES } from '../domain/webhook-delivery.js';
import { TERMINAL_WEBHOOK_EVENTS, WEBHOOK_EVENTS } from '../domain/webhook.js';
import { id, idParams, pageQuery, repeated } from './common.schema.js';
import { taskName } from './job.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';
import { delivery, deliveryDetails, webhook } from './webhook-answer.schema.js';

const about = { tag: 'Webhooks', access: 'user', scope: 'webhooks' } as const;
const DAY_SECONDS = 86_400;
const MAX_GRACE_SECONDS = 7 * DAY_SECONDS;
const MAX_FILTER = 50;
const MAX_DESCRIPTION = 200;
const EXAMPLE_URL = 'https://example.com/hooks/infernode';
/** Text of a secret of 24 to 64 bytes. */
const SECRET_TEXT =
  /^whsec_(?:(?:[\dA-Za-z+/]{4}){8,20}(?:[\dA-Za-z+/]{2}==|[\dA-Za-z+/]{3}=)?|(?:[\dA-Za-z+/]{4}){21}(?:[\dA-Za-z+/]{2}==)?)$/;

/** URL of an endpoint. Hosts and ports are judged by the service. */
export const webhookUrl = z.string().min(1).max(MAX_OUTBOUND_URL_LENGTH).meta({
  description: 'http or https, without user name; only public addresses unless the server allows others',
  example: EXAMPLE_URL,
});

/** Events of an endpoint. */
export const webhookEvents = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .transform((events) => [...new Set(events)])
  .meta({ description: `By default ${TERMINAL_WEBHOOK_EVENTS.join(', ')}` });

/** A secret chosen by the client. */
export const webhookSecret = z
  .string()
  .regex(SECRET_TEXT, 'must be "whsec_" and the base64 of 24 to 64 bytes')
  .meta({ description: '`whsec_` and the base64 of 24 to 64 bytes; generated unless given' });

const filters = {
  events: webhookEvents.optional(),
  tasks: z
    .array(taskName)
    .max(MAX_FILTER)
    .optional()
    .meta({ description: 'Only these tasks; empty for all' }),
  datasetIds: z
    .array(id)
    .max(MAX_FILTER)
    .optional()
    .meta({ description: 'Only jobs of these datasets; empty for all' }),
};

const description = z
  .string()
  .normalize('NFC')
  .trim()
  .max(MAX_DESCRIPTION)
  .superRefine((text, context) => {
    const hidden = hiddenCharacterIn(text);
    if (hidden !== null) {
      context.addIssue({ code: 'custom', message: `contains the invisible character ${hidden}` });
    }
  });

const createBody = z
  .strictObject({
    url: webhookUrl,
    description: description.optional(),
    ...filters,
    secret: webhookSecret.optional(),
  })
  .meta({ id: 'NewWebhook', example: { url: EXAMPLE_URL, events: ['job.completed', 'job.failed'] } });

const updateBody = z
  .strictObject({
    url: webhookUrl.optional(),
    description: description.optional(),
    ...filters,
    enabled: z.boolean().optional(),
  })
  .meta({ id: 'WebhookChanges', example: { events: ['job.completed'], enabled: true } });

const rotateBody = z
  .strictObject({
    graceSeconds: z
      .number()
      .int()
      .min(0)
      .max(MAX_GRACE_SECONDS)
      .default(DAY_SECONDS)
      .meta({ description: 'How long the old secret signs as well; one day by default' }),
    secret: webhookSecret.optional(),
  })
  .default({ graceSeconds: DAY_SECONDS })
  .meta({ id: 'WebhookRotation', example: { graceSeconds: DAY_SECONDS } });

const deliveryParams = z.strictObject({ id, deliveryId: id });
const pageOf = (data: z.ZodType) =>
  z.object({ data: z.array(data), nextCursor: z.string().nullable(), hasMore: z.boolean() });

const one = z.object({ webhook });
const withSecret = z.object({ webhook, secret: z.string().meta({ description: 'Shown only now' }) });
const queued = {
  status: 202,
  description: 'The message will be sent',
  schema: z.object({ delivery }),
};

/** Endpoints that receive events of the caller's jobs, and the log of their deliveries. */
export const webhookOperations = {
  create: operation({
    ...about,
    method: 'post',
    path: '/api/webhooks',
    operationId: 'createWebhook',
    summary: 'Add an endpoint that receives events of your jobs',
    description:
      'Messages follow the specification Standard Webhooks; see the section `webhooks` of this document and docs/webhooks.md.',
    body: json(createBody),
    responses: [
      {
        status: 201,
        description: 'The endpoint and its secret',
        schema: withSecret,
        headers: { Location: 'Path of the endpoint' },
      },
    ],
    errors: [409, 422],
  }),
  list: operation({
    ...about,
    method: 'get',
    path: '/api/webhooks',
    operationId: 'listWebhooks',
    summary: 'Your endpoints, newest first',
    description: 'Without those of single requests. The `Link` header contains the URL of the next page.',
    query: z.strictObject(pageQuery),
    responses: [
      { status: 200, description: 'One page', schema: pageOf(webhook).meta({ id: 'WebhookPage' }) },
    ],
  }),
  get: operation({
    ...about,
    method: 'get',
    path: '/api/webhooks/:id',
    operationId: 'getWebhook',
    summary: 'One endpoint',
    params: idParams,
    responses: [{ status: 200, description: 'The endpoint', schema: one }],
    errors: [404],
  }),
  update: operation({
    ...about,
    method: 'patch',
    path: '/api/webhooks/:id',
    operationId: 'updateWebhook',
    summary: 'Change, disable or enable an endpoint',
    description:
      'Omitted fields stay. A disabled endpoint gets no new events; its waiting messages are sent when it is enabled within 24 hours.',
    params: idParams,
    body: json(updateBody),
    responses: [{ status: 200, description: 'The endpoint', schema: one }],
    errors: [404, 422],
  }),
  remove: operation({
    ...about,
    method: 'delete',
    path: '/api/webhooks/:id',
    operationId: 'deleteWebhook',
    summary: 'Delete an endpoint with its log; waiting messages are not sent',
    params: idParams,
    responses: [{ status: 204, description: 'Deleted' }],
    errors: [404],
  }),
  rotate: operation({
    ...about,
    method: 'post',
    path: '/api/webhooks/:id/rotate',
    operationId: 'rotateWebhookSecret',
    summary: 'Replace the secret of an endpoint',
    description: 'During the grace time, messages have a signature by each secret.',
    params: idParams,
    body: json(rotateBody, { optional: true }),
    responses: [{ status: 200, description: 'The endpoint and its new secret', schema: withSecret }],
    errors: [404],
  }),
  ping: operation({
    ...about,
    method: 'post',
    path: '/api/webhooks/:id/ping',
    operationId: 'pingWebhook',
    summary: 'Send a test message',
    params: idParams,
    responses: [queued],
    errors: [404, 409],
  }),
  deliveries: operation({
    ...about,
    method: 'get',
    path: '/api/webhooks/:id/deliveries',
    operationId: 'listWebhookDeliveries',
    summary: 'Messages of an endpoint, newest first',
    description:
      'Finished deliveries are kept for seven days, and the newest 1000 of an endpoint; of progress, only the newest message of each job.',
    params: idParams,
    query: z.strictObject({
      ...pageQuery,
      status: repeated(z.enum(WEBHOOK_DELIVERY_STATUSES)).optional(),
    }),
    responses: [
      { status: 200, description: 'One page', schema: pageOf(delivery).meta({ id: 'WebhookDeliveryPage' }) },
    ],
    errors: [404],
  }),
  delivery: operation({
    ...about,
    method: 'get',
    path: '/api/webhooks/:id/deliveries/:deliveryId',
    operationId: 'getWebhookDelivery',
    summary: 'One message with its attempts',
    params: deliveryParams,
    responses: [
      { status: 200, description: 'The delivery', schema: z.object({ delivery: deliveryDetails }) },
    ],
    errors: [404],
  }),
  redeliver: operation({
    ...about,
    method: 'post',
    path: '/api/webhooks/:id/deliveries/:deliveryId/redeliver',
    operationId: 'redeliverWebhook',
    summary: 'Send a message again, with the same id',
    params: deliveryParams,
    responses: [queued],
    errors: [404, 409],
  }),
};
