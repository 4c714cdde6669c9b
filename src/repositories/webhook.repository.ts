import type { WebhookDao } from '../dao/webhook.dao.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type {
  NewWebhook,
  WebhookChanges,
  WebhookHealth,
  WebhookRepository,
} from '../domain/repositories/webhook.repository.js';
import type { OldWebhookSecret, Webhook } from '../domain/webhook.js';
import { notFound } from '../errors/common-errors.js';
import { decodeCursor, pageOf } from './page-cursor.js';

/** Endpoints in PostgreSQL. */
export class PostgresWebhookRepository implements WebhookRepository {
  readonly #webhooks: WebhookDao;

  constructor(webhooks: WebhookDao) {
    this.#webhooks = webhooks;
  }

  async create(webhook: NewWebhook): Promise<Webhook> {
    return this.#webhooks.insert(webhook);
  }

  async findById(id: string): Promise<Webhook | null> {
    return this.#webhooks.find(id);
  }

  async requireOwned(id: string, userId: string): Promise<Webhook> {
    const webhook = await this.#webhooks.find(id);
    if (webhook?.userId !== userId) throw notFound('Webhook', id);
    return webhook;
  }

  async list(userId: string, { limit, cursor }: PageRequest): Promise<Page<Webhook>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    return pageOf(await this.#webhooks.list(userId, { limit: limit + 1, olderThan }), limit);
  }

  async count(userId: string): Promise<number> {
    return this.#webhooks.count(userId);
  }

  async listEnabled(userId: string, batchId: string): Promise<readonly Webhook[]> {
    return this.#webhooks.listEnabled(userId, batchId);
  }

  async lock(id: string): Promise<Webhook | null> {
    return this.#webhooks.lock(id);
  }

  async update(id: string, changes: WebhookChanges): Promise<Webhook> {
    const webhook = await this.#webhooks.lock(id);
    const changed = webhook && (await this.#webhooks.update(id, { ...webhook, ...changes }));
    if (!changed) throw notFound('Webhook', id);
    return changed;
  }

  async setSecrets(id: string, secret: string, oldSecrets: readonly OldWebhookSecret[]): Promise<void> {
    await this.#webhooks.setSecrets(id, secret, oldSecrets);
  }

  async setHealth(id: string, health: WebhookHealth): Promise<void> {
    await this.#webhooks.setHealth(id, health);
  }

  async remove(id: string): Promise<void> {
    await this.#webhooks.remove(id);
  }

  async removeAll(userId: string): Promise<void> {
    await this.#webhooks.removeAll(userId);
  }

  async removeFinished(date: Date): Promise<number> {
    return this.#webhooks.removeFinished(date);
  }
}
