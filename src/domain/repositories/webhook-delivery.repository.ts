import type {
  ClaimedWebhookDelivery,
  WebhookAttempt,
  WebhookDelivery,
  WebhookDeliveryStatus,
  WebhookDeliverySummary,
} from '../webhook-delivery.js';
import type { WebhookEvent } from '../webhook.js';
import type { Page, PageRequest } from './pages.js';

/** Fields of a new delivery. */
export type NewWebhookDelivery = Pick<
  WebhookDelivery,
  'id' | 'webhookId' | 'type' | 'jobId' | 'payload' | 'expiresAt'
>;

/** Filter of the log of an endpoint. */
export interface WebhookDeliveryFilter extends PageRequest {
  readonly webhookId: string;
  readonly status?: readonly WebhookDeliveryStatus[];
}

/** How many deliveries of an endpoint a caller may claim, and for how long. */
export interface WebhookClaim {
  readonly webhookId: string;
  /** Most deliveries of the endpoint that are sent at the same time, by all workers together. */
  readonly concurrency: number;
  /** The same for all endpoints of its user. */
  readonly userConcurrency: number;
  readonly leaseMs: number;
}

/** Outcome of an attempt. */
export interface WebhookAttemptRecord {
  readonly id: string;
  readonly fence: string;
  /** The attempts to keep, the new one last. */
  readonly attempts: readonly WebhookAttempt[];
  readonly status: WebhookDeliveryStatus;
  /** When to try again; null unless pending. */
  readonly nextAttemptAt: Date | null;
}

/** Events and deliveries of webhooks. The database's clock judges what is due. */
export interface WebhookDeliveryRepository {
  /** Takes waiting events, oldest first; they return if the transaction fails. */
  takeEvents(limit: number): Promise<readonly WebhookEvent[]>;
  /** Adds a message and wakes workers at commit. */
  create(delivery: NewWebhookDelivery): Promise<WebhookDelivery>;
  /**
   * Adds a progress message in place of the job's last one, which is due `intervalMs` after that was sent.
   */
  createProgress(delivery: NewWebhookDelivery, intervalMs: number): Promise<void>;
  /** Drops the progress message of a job that has ended, unless it is already sent. */
  dropProgress(jobId: string): Promise<void>;
  /** Endpoints with deliveries that are due and may be sent now: users take turns, longest waiting first. */
  dueWebhooks(limit: number): Promise<readonly string[]>;
  /** Claims deliveries that are due; the caller holds the lock of the endpoint. */
  claim(claim: WebhookClaim): Promise<readonly ClaimedWebhookDelivery[]>;
  /** Records an attempt; false when the fence was lost. */
  record(record: WebhookAttemptRecord): Promise<boolean>;
  /** Returns a claimed delivery that was not sent, without counting an attempt. */
  release(id: string, fence: string): Promise<void>;
  /** @throws AppError NOT_FOUND, also for a delivery of another endpoint */
  require(id: string, webhookId: string): Promise<WebhookDelivery>;
  list(filter: WebhookDeliveryFilter): Promise<Page<WebhookDeliverySummary>>;
  /** Makes a delivery due now, whatever its status; one that is being sent stays as it is. */
  redeliver(id: string, expiresAt: Date): Promise<void>;
  /** Makes all pending deliveries of an endpoint due now. */
  hasten(webhookId: string): Promise<void>;
  /** Ends deliveries that have expired. */
  expire(): Promise<number>;
  /** Keeps the newest `most` finished deliveries of an endpoint. */
  prune(webhookId: string, most: number): Promise<void>;
  /** Removes deliveries that finished before `date`. */
  removeFinishedBefore(date: Date): Promise<number>;
}
