import type { Settings } from '../config/settings.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { GuardedClient } from '../net/outbound-client.js';
import type { ResolveHost } from '../net/resolve-host.js';
import type { OpenQueueWorker } from '../queue/open-worker.js';
import { WebhookDispatcher } from '../services/webhook-dispatcher.service.js';
import { WEBHOOK_POLICY, type WebhookPolicy } from '../services/webhook-policy.js';
import { WebhookSender } from '../services/webhook-sender.service.js';
import { DeliverWebhooksHandler } from '../workers/handlers/deliver-webhooks.js';
import { Periodic, type PeriodicTask } from '../workers/periodic.js';
import { QueueRunner } from '../workers/runner.js';
import type { QueueParts } from './queue-parts.js';

/** How webhooks differ from the product in a test. */
export interface WebhookOverrides {
  readonly policy?: Partial<WebhookPolicy>;
  readonly resolve?: ResolveHost;
}

/** The parts of a worker that send webhooks. */
export interface WorkerWebhooks {
  readonly runner: QueueRunner;
  readonly periodics: readonly Periodic[];
  /** There are new events or deliveries. */
  wake(): void;
  /** Ends attempts; their messages are sent again. */
  stop(): void;
}

/** Dependencies of {@link createWorkerWebhooks}. */
export interface WorkerWebhooksDeps {
  readonly unitOfWork: UnitOfWork;
  readonly queue: Pick<QueueParts, 'webhooks'>;
  readonly openWorker: OpenQueueWorker;
  readonly log: Logger;
}

/** Delay of retries, and of notifications that were lost. */
const DISPATCH_INTERVAL_MS = 1_000;
/** Time of an attempt after the head of its response: for the body, and to record it. */
const RECORD_MS = 10_000;
const RETENTION_INTERVAL_MS = 600_000;
/** How long finished deliveries, and endpoints of single requests, are kept. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/** Wires the sending of webhooks. */
export function createWorkerWebhooks(
  { webhooks, http, queue: { prefix } }: Settings,
  { unitOfWork, queue, openWorker, ...deps }: WorkerWebhooksDeps,
  overrides: WebhookOverrides = {},
): WorkerWebhooks {
  const policy = { ...WEBHOOK_POLICY, ...overrides.policy };
  const { allowPrivate, timeoutMs } = webhooks;
  const client = new GuardedClient({ allowPrivate, timeoutMs, resolve: overrides.resolve });
  const log = deps.log.child({ component: 'webhooks' });
  const leaseMs = timeoutMs + RECORD_MS;
  const sender = new WebhookSender({ unitOfWork, client, policy, leaseMs, log });
  const handler = new DeliverWebhooksHandler(sender);
  const { publicUrl } = http;
  const dispatcher = new WebhookDispatcher({ unitOfWork, queue: queue.webhooks, policy, publicUrl });
  const dispatch = new Periodic(
    {
      name: 'the dispatch of webhooks',
      intervalMs: DISPATCH_INTERVAL_MS,
      run: () => dispatcher.runOnce(),
    },
    log,
  );
  return {
    runner: new QueueRunner({
      openWorker,
      queue: queue.webhooks,
      handler: { job: 'webhook.deliver', handle: (payload) => handler.handle(payload) },
      prefix,
      concurrency: webhooks.concurrency,
      log,
    }),
    periodics: [dispatch, new Periodic(retentionTask(unitOfWork), log)],
    wake: () => dispatch.wake(),
    stop: () => sender.stop(),
  };
}

function retentionTask({ read }: UnitOfWork): PeriodicTask {
  return {
    name: 'the retention of webhooks',
    intervalMs: RETENTION_INTERVAL_MS,
    run: async () => {
      const before = new Date(Date.now() - KEPT_MS);
      await read.webhookDeliveries.removeFinishedBefore(before);
      await read.webhooks.removeFinished(before);
    },
  };
}
