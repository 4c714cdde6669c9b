import type { OutboundClient, OutboundResult } from '../domain/outbound.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { ClaimedWebhookDelivery, WebhookAttempt } from '../domain/webhook-delivery.js';
import type { Webhook } from '../domain/webhook.js';
import type { Logger } from '../logging/logger.js';
import { webhookHeaders } from '../protocols/standard-webhooks.js';
import { enqueueEndpoint } from './webhook-dispatcher.service.js';
import {
  healthAfter,
  isProbing,
  reasonToDisable,
  retryDelayMs,
  type WebhookPolicy,
} from './webhook-policy.js';

/** Dependencies of {@link WebhookSender}. */
export interface WebhookSenderDeps {
  readonly unitOfWork: UnitOfWork;
  readonly client: OutboundClient;
  readonly policy: WebhookPolicy;
  /**
   * Longer than an attempt takes. After the death of a worker, what it was sending counts as being sent for so long.
   */
  readonly leaseMs: number;
  readonly log: Logger;
}

/** Time after which an endpoint with more deliveries lets others go first. */
const TURN_MS = 5_000;
const ATTEMPTS_KEPT = 20;
const PROGRESS_TRIES_MAX = 3;
/** Finished deliveries kept for each endpoint. */
const DELIVERIES_KEPT = 1_000;
const USER_AGENT = 'InferNode-Webhooks';

interface Sent {
  readonly delivery: ClaimedWebhookDelivery;
  readonly attempt: WebhookAttempt;
  readonly retryAfterSeconds?: number;
}

/**
 * Sends the due deliveries of one endpoint. The row of the endpoint is locked while deliveries are claimed, so that all
 * workers together send only a few at the same time, and none while the circuit breaker is open.
 */
export class WebhookSender {
  readonly #deps: WebhookSenderDeps;
  readonly #stopped = new AbortController();

  constructor(deps: WebhookSenderDeps) {
    this.#deps = deps;
  }

  /** Sends until nothing is due or the turn is over; then the endpoint is enqueued again, behind the others. */
  async send(webhookId: string, turn: number): Promise<void> {
    const end = Date.now() + TURN_MS;
    for (;;) {
      const claimed = await this.#claim(webhookId);
      if (claimed === null) break;
      const { webhook, deliveries } = claimed;
      await Promise.all(deliveries.map((delivery) => this.#deliver(webhook, delivery)));
      if (Date.now() < end) continue;
      await this.#deps.unitOfWork.run((scope) => enqueueEndpoint(scope, webhookId, 1 - turn));
      break;
    }
    await this.#deps.unitOfWork.read.webhookDeliveries.prune(webhookId, DELIVERIES_KEPT);
  }

  /** Ends attempts; what they were sending is sent again. */
  stop(): void {
    this.#stopped.abort();
  }

  async #claim(
    webhookId: string,
  ): Promise<{ webhook: Webhook; deliveries: readonly ClaimedWebhookDelivery[] } | null> {
    if (this.#stopped.signal.aborted) return null;
    const { policy, leaseMs, unitOfWork } = this.#deps;
    return unitOfWork.run(async ({ webhooks, webhookDeliveries }) => {
      const webhook = await webhooks.lock(webhookId);
      if (!webhook || webhook.disabledReason !== null || isPaused(webhook)) return null;
      const concurrency = isProbing(policy, webhook) ? 1 : policy.concurrency;
      const { userConcurrency } = policy;
      const claim = { webhookId, concurrency, userConcurrency, leaseMs };
      const deliveries = await webhookDeliveries.claim(claim);
      return deliveries.length === 0 ? null : { webhook, deliveries };
    });
  }

  async #deliver(webhook: Webhook, delivery: ClaimedWebhookDelivery): Promise<void> {
    const sentAt = new Date();
    const { id, payload: body, fence } = delivery;
    const requestHeaders = {
      'content-type': 'application/json',
      'user-agent': USER_AGENT,
      ...webhookHeaders({ id, sentAt, body }, signingSecrets(webhook, sentAt)),
    };
    const { signal } = this.#stopped;
    const result = await this.#deps.client.post({ url: webhook.url, headers: requestHeaders, body, signal });
    if (signal.aborted && 'error' in result) {
      await this.#deps.unitOfWork.read.webhookDeliveries.release(id, fence);
      return;
    }
    const attempt = {
      ...outcomeOf(result),
      number: delivery.attempt,
      startedAt: sentAt.toISOString(),
      durationMs: Date.now() - sentAt.getTime(),
      requestHeaders,
    };
    const { retryAfterSeconds } = 'response' in result ? result : {};
    await this.#record(webhook.id, { delivery, attempt, retryAfterSeconds });
  }

  async #record(webhookId: string, sent: Sent): Promise<void> {
    const { policy, log, unitOfWork } = this.#deps;
    const { delivered, response } = sent.attempt;
    await unitOfWork.run(async (scope) => {
      const webhook = await scope.webhooks.lock(webhookId);
      if (!webhook) return;
      const now = new Date();
      const health = healthAfter(policy, webhook, { delivered, now });
      const reason = delivered ? null : reasonToDisable(policy, health, { status: response?.status, now });
      await scope.webhookDeliveries.record(this.#recordOf(sent, now));
      await scope.webhooks.setHealth(webhookId, health);
      // What waited because the endpoint was down is sent now.
      if (delivered && isProbing(policy, webhook)) await scope.webhookDeliveries.hasten(webhookId);
      if (reason === null || webhook.disabledReason !== null) return;
      await disable(scope, webhook, reason);
      scope.afterCommit(() => log.warn('A webhook was disabled.', { webhookId, reason }));
    });
  }

  /** What is recorded about a delivery: done, or when it is tried again, or given up. */
  #recordOf({ delivery, attempt, retryAfterSeconds }: Sent, now: Date) {
    const { id, fence, tries, type, expiresAt } = delivery;
    const attempts = [...delivery.attempts, attempt].slice(-ATTEMPTS_KEPT);
    if (attempt.delivered) {
      return { id, fence, attempts, status: 'delivered' as const, nextAttemptAt: null };
    }
    const next = new Date(now.getTime() + retryDelayMs(this.#deps.policy, tries, { retryAfterSeconds }));
    const over =
      attempt.response?.status === 410 ||
      (type === 'job.progress' && tries >= PROGRESS_TRIES_MAX) ||
      next >= expiresAt;
    return over
      ? { id, fence, attempts, status: 'failed' as const, nextAttemptAt: null }
      : { id, fence, attempts, status: 'pending' as const, nextAttemptAt: next };
  }
}

const isPaused = ({ pausedUntil }: Webhook): boolean => pausedUntil !== null && pausedUntil > new Date();

/** The secret, and those that it replaced and that have not expired: receivers accept a message if one fits. */
function signingSecrets({ secret, oldSecrets }: Webhook, now: Date): string[] {
  const valid = oldSecrets.filter(({ expiresAt }) => new Date(expiresAt) > now);
  return [secret, ...valid.map((old) => old.secret)];
}

function outcomeOf(result: OutboundResult): Pick<WebhookAttempt, 'delivered' | 'response' | 'error'> {
  if ('error' in result) return { delivered: false, response: null, error: result.error };
  const { response } = result;
  if (response.status >= 200 && response.status < 300) return { delivered: true, response, error: null };
  const what = response.status < 400 ? 'a redirect, which is not followed' : 'a failure';
  const error = { code: `HTTP_${response.status}`, message: `Status ${response.status} is ${what}.` };
  return { delivered: false, response, error };
}

async function disable(
  { webhooks, audit }: TransactionScope,
  { id, userId, failures }: Webhook,
  disabledReason: 'gone' | 'failing' | 'user',
): Promise<void> {
  await webhooks.update(id, { disabledReason });
  await audit.append({
    actorId: null,
    actor: 'system',
    action: 'disableWebhook',
    subject: { webhookId: id, userId, reason: disabledReason, failures: failures + 1 },
    requestId: null,
  });
}
