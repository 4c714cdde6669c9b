import { v7 as uuid } from 'uuid';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { WebhookDeliveryFilter } from '../domain/repositories/webhook-delivery.repository.js';
import type { WebhookChanges } from '../domain/repositories/webhook.repository.js';
import type { Principal } from '../domain/user.js';
import type { WebhookDelivery, WebhookDeliverySummary } from '../domain/webhook-delivery.js';
import {
  TERMINAL_WEBHOOK_EVENTS,
  WEBHOOK_PING,
  type OldWebhookSecret,
  type Webhook,
  type WebhookEventType,
  type WebhookSubscription,
} from '../domain/webhook.js';
import { AppError } from '../errors/app-error.js';
import { invalidField } from '../errors/common-errors.js';
import { outboundUrlProblem } from '../net/outbound-url.js';
import { newWebhookSecret } from '../protocols/standard-webhooks.js';
import { pingMessage } from './webhook-payload.js';
import { WEBHOOK_POLICY } from './webhook-policy.js';

/** Input of {@link WebhookService.create}. */
export interface CreateWebhook extends Partial<WebhookSubscription> {
  readonly url: string;
  readonly description?: string;
  /** Generated unless given. */
  readonly secret?: string;
}

/** Endpoint of the jobs of one request. */
export interface JobWebhook {
  readonly url: string;
  readonly events?: readonly WebhookEventType[];
  readonly secret?: string;
}

/** Limits of {@link WebhookService}. */
export interface WebhookLimits {
  readonly perUser: number;
  readonly allowPrivate: boolean;
}

/** Changes by the owner. */
export interface UpdateWebhook extends Omit<WebhookChanges, 'disabledReason'> {
  readonly enabled?: boolean;
}

/** Replaced secrets that may sign at the same time; the oldest one ends first. */
const OLD_SECRETS_MAX = 3;

/** Endpoints of the caller. Those of other users are reported as NOT_FOUND. */
export class WebhookService {
  readonly #unitOfWork: UnitOfWork;
  readonly #limits: WebhookLimits;

  constructor(unitOfWork: UnitOfWork, limits: WebhookLimits) {
    this.#unitOfWork = unitOfWork;
    this.#limits = limits;
  }

  /** @throws AppError WEBHOOK_URL_REFUSED (invalid) */
  requireUsableUrl(url: string, pointer = '/url'): void {
    const problem = outboundUrlProblem(url, this.#limits);
    if (problem !== undefined) throw invalidField(pointer, 'WEBHOOK_URL_REFUSED', `The URL ${problem}.`);
  }

  /** @throws AppError WEBHOOK_URL_REFUSED (invalid), TOO_MANY_WEBHOOKS (conflict) */
  async create({ userId }: Principal, input: CreateWebhook): Promise<Webhook> {
    this.requireUsableUrl(input.url);
    return this.#unitOfWork.run(async ({ users, webhooks }) => {
      // Concurrent requests of the user are counted one after another.
      await users.lock(userId);
      if ((await webhooks.count(userId)) >= this.#limits.perUser) throw tooMany(this.#limits.perUser);
      return webhooks.create({
        id: uuid(),
        userId,
        url: new URL(input.url).href,
        description: input.description ?? '',
        events: input.events ?? TERMINAL_WEBHOOK_EVENTS,
        tasks: input.tasks ?? [],
        datasetIds: input.datasetIds ?? [],
        batchId: null,
        secret: input.secret ?? newWebhookSecret(),
      });
    });
  }

  async list({ userId }: Principal, page: PageRequest): Promise<Page<Webhook>> {
    return this.#unitOfWork.read.webhooks.list(userId, page);
  }

  async get(id: string, { userId }: Principal): Promise<Webhook> {
    return this.#unitOfWork.read.webhooks.requireOwned(id, userId);
  }

  /** Enabling an endpoint closes its circuit breaker and sends what has not expired. */
  async update(id: string, { userId }: Principal, { enabled, ...changes }: UpdateWebhook): Promise<Webhook> {
    if (changes.url !== undefined) this.requireUsableUrl(changes.url);
    return this.#unitOfWork.run(async (scope) => {
      const webhook = await scope.webhooks.requireOwned(id, userId);
      if (enabled === true || changes.url !== undefined) await closeCircuit(scope, webhook);
      return scope.webhooks.update(id, {
        ...changes,
        ...(changes.url !== undefined && { url: new URL(changes.url).href }),
        ...(enabled !== undefined && { disabledReason: enabled ? null : (webhook.disabledReason ?? 'user') }),
      });
    });
  }

  async remove(id: string, { userId }: Principal): Promise<void> {
    await this.#unitOfWork.run(async ({ webhooks }) => {
      await webhooks.requireOwned(id, userId);
      await webhooks.remove(id);
    });
  }

  /** Replaces the secret; the old one signs as well for `graceSeconds`. */
  async rotate(
    id: string,
    { userId }: Principal,
    { secret = newWebhookSecret(), graceSeconds }: { secret?: string; graceSeconds: number },
  ): Promise<Webhook> {
    return this.#unitOfWork.run(async ({ webhooks }) => {
      await webhooks.requireOwned(id, userId);
      const locked = await webhooks.lock(id);
      if (locked) await webhooks.setSecrets(id, secret, replacedSecrets(locked, secret, graceSeconds));
      return webhooks.requireOwned(id, userId);
    });
  }

  /** Sends a test message, at once and whatever the endpoint subscribes to. @throws AppError WEBHOOK_DISABLED */
  async ping(id: string, { userId }: Principal): Promise<WebhookDelivery> {
    return this.#unitOfWork.run(async (scope) => {
      const webhook = await scope.webhooks.requireOwned(id, userId);
      requireEnabled(webhook);
      await closeCircuit(scope, webhook);
      const now = new Date();
      return scope.webhookDeliveries.create({
        id: uuid(),
        webhookId: id,
        type: WEBHOOK_PING,
        jobId: null,
        payload: JSON.stringify(pingMessage(id, now)),
        expiresAt: new Date(now.getTime() + WEBHOOK_POLICY.progressLifetimeMs),
      });
    });
  }

  /** The log of an endpoint, newest first. */
  async deliveries(
    filter: WebhookDeliveryFilter,
    { userId }: Principal,
  ): Promise<Page<WebhookDeliverySummary>> {
    const { webhooks, webhookDeliveries } = this.#unitOfWork.read;
    await webhooks.requireOwned(filter.webhookId, userId);
    return webhookDeliveries.list(filter);
  }

  async delivery(
    id: string,
    webhookId: string,
    { userId }: Principal,
  ): Promise<{ webhook: Webhook; delivery: WebhookDelivery }> {
    const { webhooks, webhookDeliveries } = this.#unitOfWork.read;
    const webhook = await webhooks.requireOwned(webhookId, userId);
    return { webhook, delivery: await webhookDeliveries.require(id, webhookId) };
  }

  /** Sends a message again, with the same id. @throws AppError WEBHOOK_DISABLED */
  async redeliver(id: string, webhookId: string, { userId }: Principal): Promise<WebhookDelivery> {
    return this.#unitOfWork.run(async (scope) => {
      const webhook = await scope.webhooks.requireOwned(webhookId, userId);
      await scope.webhookDeliveries.require(id, webhookId);
      requireEnabled(webhook);
      await closeCircuit(scope, webhook);
      await scope.webhookDeliveries.redeliver(id, new Date(Date.now() + WEBHOOK_POLICY.lifetimeMs));
      return scope.webhookDeliveries.require(id, webhookId);
    });
  }
}

/** Creates the endpoint of the jobs of one request, in its transaction. The URL must have been checked. */
export async function createJobWebhook(
  { webhooks }: Pick<TransactionScope, 'webhooks'>,
  { userId, batchId }: { readonly userId: string; readonly batchId: string },
  { url, events = TERMINAL_WEBHOOK_EVENTS, secret = newWebhookSecret() }: JobWebhook,
): Promise<Webhook> {
  const endpoint = { url: new URL(url).href, description: '', events, tasks: [], datasetIds: [], secret };
  return webhooks.create({ id: uuid(), userId, batchId, ...endpoint });
}

/** The user says that the endpoint works again: the next attempt need not wait. */
async function closeCircuit(
  { webhooks, webhookDeliveries }: TransactionScope,
  { id }: Webhook,
): Promise<void> {
  const webhook = await webhooks.lock(id);
  if (!webhook || webhook.failures === 0) return;
  const { deliveredAt } = webhook;
  await webhooks.setHealth(id, { failures: 0, failingSince: null, pausedUntil: null, deliveredAt });
  await webhookDeliveries.hasten(id);
}

function replacedSecrets(
  { secret, oldSecrets }: Webhook,
  next: string,
  graceSeconds: number,
): OldWebhookSecret[] {
  const now = Date.now();
  const expiresAt = new Date(now + graceSeconds * 1000).toISOString();
  return [{ secret, expiresAt }, ...oldSecrets]
    .filter((old) => old.secret !== next && new Date(old.expiresAt).getTime() > now)
    .slice(0, OLD_SECRETS_MAX);
}

function requireEnabled({ id, disabledReason }: Webhook): void {
  if (disabledReason === null) return;
  throw new AppError('WEBHOOK_DISABLED', { message: `Webhook ${id} is disabled (${disabledReason}).` });
}

function tooMany(limit: number): AppError {
  return new AppError('TOO_MANY_WEBHOOKS', { message: `An account can have ${limit} webhooks.` });
}
