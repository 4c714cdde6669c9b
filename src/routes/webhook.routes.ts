import type { WebhookController } from '../controllers/webhook.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { webhookOperations } from '../schemas/webhook.schema.js';

/** Webhooks. */
export const webhookRoutes = (webhooks: WebhookController) => [
  endpoint(webhookOperations.create, webhooks.create),
  endpoint(webhookOperations.list, webhooks.list),
  endpoint(webhookOperations.get, webhooks.get),
  endpoint(webhookOperations.update, webhooks.update),
  endpoint(webhookOperations.remove, webhooks.remove),
  endpoint(webhookOperations.rotate, webhooks.rotate),
  endpoint(webhookOperations.ping, webhooks.ping),
  endpoint(webhookOperations.deliveries, webhooks.deliveries),
  endpoint(webhookOperations.delivery, webhooks.delivery),
  endpoint(webhookOperations.redeliver, webhooks.redeliver),
];
