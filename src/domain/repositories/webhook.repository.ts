import type { OldWebhookSecret, Webhook, WebhookDisabledReason, WebhookSubscription } from '../webhook.js';
import type { Page, PageRequest } from './pages.js';

/** Fields of a new endpoint. */
export type NewWebhook = Pick<
  Webhook,
  'id' | 'userId' | 'url' | 'description' | 'events' | 'tasks' | 'datasetIds' | 'batchId' | 'secret'
>;

/** Changes of an endpoint; omitted fields stay. */
export interface WebhookChanges extends Partial<WebhookSubscription> {
  readonly url?: string;
  readonly description?: string;
  /** Null enables the endpoint and closes its circuit breaker. */
  readonly disabledReason?: WebhookDisabledReason | null;
}

/** State of the circuit breaker. */
export type WebhookHealth = Pick<Webhook, 'failures' | 'failingSince' | 'pausedUntil' | 'deliveredAt'>;

/** Endpoints that receive events. */
export interface WebhookRepository {
  create(webhook: NewWebhook): Promise<Webhook>;
  findById(id: string): Promise<Webhook | null>;
  /** @throws AppError NOT_FOUND, also for an endpoint of another user */
  requireOwned(id: string, userId: string): Promise<Webhook>;
  /** Endpoints of the account without those of single requests, newest first. */
  list(userId: string, page: PageRequest): Promise<Page<Webhook>>;
  /** Number of endpoints of the account, without those of single requests. */
  count(userId: string): Promise<number>;
  /** Enabled endpoints for the jobs of a batch: those of the account and that of the request. */
  listEnabled(userId: string, batchId: string): Promise<readonly Webhook[]>;
  /** Reads the row FOR UPDATE, or null. */
  lock(id: string): Promise<Webhook | null>;
  /** @throws AppError NOT_FOUND */
  update(id: string, changes: WebhookChanges): Promise<Webhook>;
  setSecrets(id: string, secret: string, oldSecrets: readonly OldWebhookSecret[]): Promise<void>;
  setHealth(id: string, health: WebhookHealth): Promise<void>;
  remove(id: string): Promise<void>;
  /** Removes all endpoints of a user. */
  removeAll(userId: string): Promise<void>;
  /** Removes endpoints of requests made before `date` whose jobs and deliveries have ended. */
  removeFinished(date: Date): Promise<number>;
}
