import type { Page } from '../domain/repositories/pages.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { webhookOperations } from '../schemas/webhook.schema.js';
import type { WebhookService } from '../services/webhook.service.js';
import { nextLink } from './next-link.js';
import { presentDelivery, summaryOf, presentDeliveryDetails, presentWebhook } from './webhook.presenter.js';

type Operations = typeof webhookOperations;

function pageReply<Row>(url: string, { rows, nextCursor }: Page<Row>, present: (row: Row) => unknown): Reply {
  const headers = nextCursor === null ? undefined : { Link: nextLink(url, nextCursor) };
  return ok({ data: rows.map(present), nextCursor, hasMore: nextCursor !== null }, headers);
}

/** HTTP handlers of webhooks. */
export class WebhookController {
  readonly #webhooks: WebhookService;

  constructor(webhooks: WebhookService) {
    this.#webhooks = webhooks;
  }

  readonly create = async ({ principal, body }: Call<Operations['create']>): Promise<Reply> => {
    const webhook = await this.#webhooks.create(principal, body);
    const { id, secret } = webhook;
    return created({ webhook: presentWebhook(webhook), secret }, `/api/webhooks/${id}`);
  };

  readonly list = async ({ principal, query, request }: Call<Operations['list']>): Promise<Reply> =>
    pageReply(request.originalUrl, await this.#webhooks.list(principal, query), presentWebhook);

  readonly get = async ({ principal, params }: Call<Operations['get']>): Promise<Reply> =>
    ok({ webhook: presentWebhook(await this.#webhooks.get(params.id, principal)) });

  readonly update = async ({ principal, params, body }: Call<Operations['update']>): Promise<Reply> =>
    ok({ webhook: presentWebhook(await this.#webhooks.update(params.id, principal, body)) });

  readonly remove = async ({ principal, params }: Call<Operations['remove']>): Promise<Reply> => {
    await this.#webhooks.remove(params.id, principal);
    return { status: 204 };
  };

  readonly rotate = async ({ principal, params, body }: Call<Operations['rotate']>): Promise<Reply> => {
    const webhook = await this.#webhooks.rotate(params.id, principal, body);
    return ok({ webhook: presentWebhook(webhook), secret: webhook.secret });
  };

  readonly ping = async ({ principal, params }: Call<Operations['ping']>): Promise<Reply> => {
    const delivery = await this.#webhooks.ping(params.id, principal);
    return { status: 202, body: { delivery: presentDelivery(summaryOf(delivery)) } };
  };

  readonly deliveries = async (call: Call<Operations['deliveries']>): Promise<Reply> => {
    const { principal, params, query, request } = call;
    const page = await this.#webhooks.deliveries({ ...query, webhookId: params.id }, principal);
    return pageReply(request.originalUrl, page, presentDelivery);
  };

  readonly delivery = async ({ principal, params }: Call<Operations['delivery']>): Promise<Reply> => {
    const { webhook, delivery } = await this.#webhooks.delivery(params.deliveryId, params.id, principal);
    return ok({ delivery: presentDeliveryDetails(webhook, delivery) });
  };

  readonly redeliver = async ({ principal, params }: Call<Operations['redeliver']>): Promise<Reply> => {
    const delivery = await this.#webhooks.redeliver(params.deliveryId, params.id, principal);
    return { status: 202, body: { delivery: presentDelivery(summaryOf(delivery)) } };
  };
}
