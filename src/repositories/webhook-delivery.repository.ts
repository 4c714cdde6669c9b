import type { WebhookDeliveryDao } from '../dao/webhook-delivery.dao.js';
import type { WebhookEventDao } from '../dao/webhook-event.dao.js';
import type { Page } from '../domain/repositories/pages.js';
import type {
  NewWebhookDelivery,
  WebhookAttemptRecord,
  WebhookClaim,
  WebhookDeliveryFilter,
  WebhookDeliveryRepository,
} from '../domain/repositories/webhook-delivery.repository.js';
import type {
  ClaimedWebhookDelivery,
  WebhookDelivery,
  WebhookDeliverySummary,
} from '../domain/webhook-delivery.js';
import type { WebhookEvent } from '../domain/webhook.js';
import { notFound } from '../errors/common-errors.js';
import { decodeCursor, pageOf } from './page-cursor.js';

/** Events and deliveries of webhooks in PostgreSQL. */
export class PostgresWebhookDeliveryRepository implements WebhookDeliveryRepository {
  readonly #deliveries: WebhookDeliveryDao;
  readonly #events: WebhookEventDao;

  constructor(deliveries: WebhookDeliveryDao, events: WebhookEventDao) {
    this.#deliveries = deliveries;
    this.#events = events;
  }

  async takeEvents(limit: number): Promise<readonly WebhookEvent[]> {
    return this.#events.take(limit);
  }

  async create(delivery: NewWebhookDelivery): Promise<WebhookDelivery> {
    const row = await this.#deliveries.insert(delivery);
    await this.#deliveries.notify();
    return row;
  }

  async createProgress(delivery: NewWebhookDelivery, intervalMs: number): Promise<void> {
    await this.#deliveries.upsertProgress(delivery, intervalMs);
  }

  async dropProgress(jobId: string): Promise<void> {
    await this.#deliveries.removeProgress(jobId);
  }

  async dueWebhooks(limit: number): Promise<readonly string[]> {
    return this.#deliveries.listDueWebhooks(limit);
  }

  async claim(claim: WebhookClaim): Promise<readonly ClaimedWebhookDelivery[]> {
    return this.#deliveries.claim(claim);
  }

  async record(record: WebhookAttemptRecord): Promise<boolean> {
    return this.#deliveries.record(record);
  }

  async release(id: string, fence: string): Promise<void> {
    await this.#deliveries.release(id, fence);
  }

  async require(id: string, webhookId: string): Promise<WebhookDelivery> {
    const delivery = await this.#deliveries.find(id, webhookId);
    if (!delivery) throw notFound('Delivery', id);
    return delivery;
  }

  async list({
    webhookId,
    status = [],
    limit,
    cursor,
  }: WebhookDeliveryFilter): Promise<Page<WebhookDeliverySummary>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    return pageOf(await this.#deliveries.list(webhookId, status, { limit: limit + 1, olderThan }), limit);
  }

  async redeliver(id: string, expiresAt: Date): Promise<void> {
    await this.#deliveries.redeliver(id, expiresAt);
    await this.#deliveries.notify();
  }

  async hasten(webhookId: string): Promise<void> {
    await this.#deliveries.hasten(webhookId);
    await this.#deliveries.notify();
  }

  async expire(): Promise<number> {
    return this.#deliveries.expire();
  }

  async prune(webhookId: string, most: number): Promise<void> {
    await this.#deliveries.prune(webhookId, most);
  }

  async removeFinishedBefore(date: Date): Promise<number> {
    return this.#deliveries.removeFinishedBefore(date);
  }
}
