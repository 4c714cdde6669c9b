import type pg from 'pg';
import { createWorkerWebhooks, type WorkerWebhooks } from '../../../src/composition/worker-webhooks.js';
import { parseSettings } from '../../../src/config/settings.js';
import type { Job } from '../../../src/domain/job.js';
import type { Webhook } from '../../../src/domain/webhook.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { postgresWorkers } from '../../../src/queue/open-worker.js';
import { PostgresJobQueue } from '../../../src/queue/postgres-job-queue.js';
import { createQueuePool } from '../../../src/queue/queue-pool.js';
import { JobRecorder } from '../../../src/services/job-recorder.service.js';
import type { WebhookPolicy } from '../../../src/services/webhook-policy.js';
import { WebhookService, type CreateWebhook } from '../../../src/services/webhook.service.js';
import { openJobWorld, type JobWorld } from '../jobs/job-world.js';

/** Short times, so that a test sees retries and the circuit breaker. */
export const QUICK: Partial<WebhookPolicy> = {
  firstRetryMs: 5,
  maxRetryMs: 20,
  firstPauseMs: 5,
  maxPauseMs: 20,
};

/** A world of jobs, with the part of a worker that sends webhooks. */
export interface WebhookWorld extends JobWorld {
  readonly webhooks: WebhookService;
  readonly recorder: JobRecorder;
  add(input: CreateWebhook): Promise<Webhook>;
  /** A job that has ended ABORTED. */
  aborted(): Promise<Job>;
  /** Starts sending. */
  start(policy?: Partial<WebhookPolicy>): WorkerWebhooks;
  /** Stops sending as at the end of a worker. */
  stop(): Promise<void>;
}

/** Opens a world; nothing is sent before {@link WebhookWorld.start}. */
export async function openWebhookWorld(): Promise<WebhookWorld> {
  const world = await openJobWorld();
  const { unitOfWork } = world.persistence;
  const webhooks = new WebhookService(unitOfWork, { perUser: 20, allowPrivate: true });
  let running: { worker: WorkerWebhooks; pool: pg.Pool } | undefined;
  const settings = parseSettings({
    NODE_ENV: 'test',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    WEBHOOK_TIMEOUT_SECONDS: '20',
  });
  const stop = async (): Promise<void> => {
    if (!running) return;
    const { worker, pool } = running;
    running = undefined;
    await Promise.all(worker.periodics.map((periodic) => periodic.stop()));
    await worker.runner.stopIntake();
    worker.stop();
    await worker.runner.idle();
    await worker.runner.close();
    await pool.end();
  };
  return {
    ...world,
    webhooks,
    recorder: new JobRecorder(unitOfWork, { leaseMs: 60_000, runningJobs: 0 }),
    add: (input) => webhooks.create(world.principal, input),
    aborted: async () => {
      const { id } = await world.create({});
      return world.jobs.cancel(id, { principal: world.principal });
    },
    start: (policy = QUICK) => {
      const connection = { connectionString: world.database.url };
      const pool = createQueuePool({ connection, max: 6, applicationName: 'test', onError: () => undefined });
      const queue = { webhooks: new PostgresJobQueue({ pool, prefix: '', job: 'webhook.deliver' }) };
      const deps = { unitOfWork, queue, openWorker: postgresWorkers(pool), log: silentLogger };
      const worker = createWorkerWebhooks(settings, deps, { policy });
      running = { worker, pool };
      worker.runner.start();
      worker.periodics.forEach((periodic) => periodic.start());
      return worker;
    },
    stop,
    close: async () => {
      await stop();
      await world.close();
    },
  };
}
