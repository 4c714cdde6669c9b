import type { Webhook, WebhookDisabledReason } from '../domain/webhook.js';
import type { WebhookHealth } from '../domain/repositories/webhook.repository.js';

/** Times and limits of deliveries. */
export interface WebhookPolicy {
  /** Delay after the first failed attempt; each further one is three times as long. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** How long a message is tried. */
  readonly lifetimeMs: number;
  /** The same for progress, which the next message replaces anyway. */
  readonly progressLifetimeMs: number;
  /** Shortest time between two progress messages of a job. */
  readonly progressIntervalMs: number;
  /** Failed attempts in a row after which the circuit breaker of an endpoint opens. */
  readonly circuitFailures: number;
  /** How long it stays open the first time; twice as long after each failed probe. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** An endpoint that has failed for so long is disabled. */
  readonly disableAfterMs: number;
  /** Attempts at the same endpoint at the same time. */
  readonly concurrency: number;
  /** Attempts at all endpoints of a user at the same time, so that many slow ones leave room for other users. */
  readonly userConcurrency: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The policy of the product; tests shorten its times. */
export const WEBHOOK_POLICY: WebhookPolicy = {
  firstRetryMs: 5 * SECOND,
  maxRetryMs: 4 * HOUR,
  lifetimeMs: 24 * HOUR,
  progressLifetimeMs: 30 * SECOND,
  progressIntervalMs: 500,
  circuitFailures: 5,
  firstPauseMs: 30 * SECOND,
  maxPauseMs: 15 * MINUTE,
  disableAfterMs: 5 * 24 * HOUR,
  concurrency: 2,
  userConcurrency: 4,
};

const RETRY_FACTOR = 3;
const PAUSE_FACTOR = 2;
/** Share of a delay that is random, so that messages do not return all at once. */
const JITTER = 0.2;
/** Longest wait that an endpoint may ask for with `Retry-After`. */
const MAX_RETRY_AFTER_SECONDS = 3600;

const withJitter = (ms: number, random: number): number => Math.round(ms * (1 + JITTER * (2 * random - 1)));

/** Delay before the attempt after number `tries`, in milliseconds. */
export function retryDelayMs(
  policy: WebhookPolicy,
  tries: number,
  { retryAfterSeconds = 0, random = Math.random() }: { retryAfterSeconds?: number; random?: number } = {},
): number {
  const delay = Math.min(policy.maxRetryMs, policy.firstRetryMs * RETRY_FACTOR ** (tries - 1));
  const requested = Math.min(retryAfterSeconds, MAX_RETRY_AFTER_SECONDS) * SECOND;
  return Math.max(withJitter(delay, random), requested);
}

/** State of an endpoint's circuit breaker after an attempt. */
export function healthAfter(
  policy: WebhookPolicy,
  webhook: WebhookHealth,
  { delivered, now, random = Math.random() }: { delivered: boolean; now: Date; random?: number },
): WebhookHealth {
  if (delivered) return { failures: 0, failingSince: null, pausedUntil: null, deliveredAt: now };
  const failures = webhook.failures + 1;
  const beyond = failures - policy.circuitFailures;
  const pause = Math.min(policy.maxPauseMs, policy.firstPauseMs * PAUSE_FACTOR ** Math.max(0, beyond));
  return {
    failures,
    failingSince: webhook.failingSince ?? now,
    pausedUntil: beyond < 0 ? null : new Date(now.getTime() + withJitter(pause, random)),
    deliveredAt: webhook.deliveredAt,
  };
}

/** Whether the circuit breaker has opened: then one delivery at a time probes the endpoint. */
export const isProbing = (policy: WebhookPolicy, { failures }: Pick<Webhook, 'failures'>): boolean =>
  failures >= policy.circuitFailures;

/** Why an endpoint is to be disabled after a failed attempt; null if it stays enabled. */
export function reasonToDisable(
  policy: WebhookPolicy,
  { failingSince }: WebhookHealth,
  { status, now }: { status: number | undefined; now: Date },
): WebhookDisabledReason | null {
  if (status === 410) return 'gone';
  const failingMs = failingSince ? now.getTime() - failingSince.getTime() : 0;
  return failingMs >= policy.disableAfterMs ? 'failing' : null;
}
