import { v7 as uuid } from 'uuid';
import type { Job } from '../domain/job.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { endsJob, isSubscribed, type Webhook, type WebhookEvent } from '../domain/webhook.js';
import type { JobQueue } from '../queue/job-queue.js';
import { webhookMessageId } from '../queue/jobs.js';
import { jobMessage } from './webhook-payload.js';
import type { WebhookPolicy } from './webhook-policy.js';

/** Dependencies of {@link WebhookDispatcher}. */
export interface WebhookDispatcherDeps {
  readonly unitOfWork: UnitOfWork;
  /** Looks at the queue of webhooks. */
  readonly queue: Pick<JobQueue, 'known'>;
  readonly policy: WebhookPolicy;
  /** Base URL of the links in messages. */
  readonly publicUrl?: string;
}

const EVENTS_PER_TRANSACTION = 100;
const ENDPOINTS_PER_ROUND = 500;
const TURNS = [0, 1];

/**
 * Turns stored events into deliveries, and enqueues endpoints whose deliveries are due. Rounds may run concurrently in
 * several workers: an event is taken once, and the queue drops repeated messages.
 */
export class WebhookDispatcher {
  readonly #deps: WebhookDispatcherDeps;

  constructor(deps: WebhookDispatcherDeps) {
    this.#deps = deps;
  }

  /** One round: events, expired deliveries, then endpoints. */
  async runOnce(): Promise<void> {
    while ((await this.#takeEvents()) === EVENTS_PER_TRANSACTION);
    await this.#deps.unitOfWork.read.webhookDeliveries.expire();
    await this.#enqueueDue();
  }

  /** @returns the number of events taken */
  async #takeEvents(): Promise<number> {
    return this.#deps.unitOfWork.run(async (scope) => {
      const events = await scope.webhookDeliveries.takeEvents(EVENTS_PER_TRANSACTION);
      const jobs = new Map<string, Job | null>();
      const endpoints = new Map<string, readonly Webhook[]>();
      for (const event of events) {
        const { jobId, userId } = event;
        const job = jobs.get(jobId) ?? (await scope.jobs.findById(jobId));
        jobs.set(jobId, job);
        if (!job) continue;
        const { batchId } = job;
        const webhooks = endpoints.get(batchId) ?? (await scope.webhooks.listEnabled(userId, batchId));
        endpoints.set(batchId, webhooks);
        await this.#addDeliveries(scope, { event, job, webhooks });
      }
      return events.length;
    });
  }

  async #addDeliveries(
    { webhookDeliveries }: TransactionScope,
    { event, job, webhooks }: { event: WebhookEvent; job: Job; webhooks: readonly Webhook[] },
  ): Promise<void> {
    const isProgress = event.type === 'job.progress';
    if (isProgress && job.finishedAt !== null) return;
    if (endsJob(event.type)) await webhookDeliveries.dropProgress(job.id);
    const { policy, publicUrl } = this.#deps;
    const payload = JSON.stringify(jobMessage(event, job, publicUrl));
    const lifetimeMs = isProgress ? policy.progressLifetimeMs : policy.lifetimeMs;
    const expiresAt = new Date(Date.now() + lifetimeMs);
    for (const webhook of webhooks.filter((endpoint) => isSubscribed(endpoint, event, job))) {
      const delivery = {
        id: uuid(),
        webhookId: webhook.id,
        type: event.type,
        jobId: job.id,
        payload,
        expiresAt,
      };
      if (isProgress) await webhookDeliveries.createProgress(delivery, policy.progressIntervalMs);
      else await webhookDeliveries.create(delivery);
    }
  }

  async #enqueueDue(): Promise<void> {
    const { unitOfWork, queue } = this.#deps;
    const due = await unitOfWork.read.webhookDeliveries.dueWebhooks(ENDPOINTS_PER_ROUND);
    const messageIds = due.flatMap((id) => TURNS.map((turn) => webhookMessageId(id, turn)));
    const known = await queue.known(messageIds);
    const missing = due.filter((id) => !TURNS.some((turn) => known.has(webhookMessageId(id, turn))));
    if (missing.length === 0) return;
    await unitOfWork.run(async (scope) => {
      // In the same order everywhere, so that two workers do not wait for each other.
      for (const webhookId of missing.toSorted()) await enqueueEndpoint(scope, webhookId, 0);
    });
  }
}

/** Enqueues the sending of an endpoint's due deliveries. */
export async function enqueueEndpoint(
  scope: Pick<TransactionScope, 'enqueue'>,
  webhookId: string,
  turn: number,
): Promise<void> {
  await scope.enqueue({
    name: 'webhook.deliver',
    payload: { webhookId, turn },
    dedupeId: webhookMessageId(webhookId, turn),
  });
}
