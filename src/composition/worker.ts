import os from 'node:os';
import path from 'node:path';
import { databaseConfig } from '../config/database.js';
import type { Settings } from '../config/settings.js';
import { PREVIEWS_CHANNEL } from '../domain/preview.js';
import { WEBHOOKS_CHANNEL } from '../domain/webhook.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { locateFfmpeg } from '../media/ffmpeg-locate.js';
import { JOB_CONTROL_CHANNEL, parseCancel } from '../queue/job-control.js';
import { PostgresListener } from '../queue/postgres-listener.js';
import { OUTBOX_CHANNEL } from '../queue/redis-job-queue.js';
import { JobRecorder } from '../services/job-recorder.service.js';
import { DiskSpaceGuard, runReserve } from '../storage/disk-space.js';
import { ActiveAttempts } from '../workers/active-attempt.js';
import { JobEnginePool } from '../engines/job-engine/job-engine-pool.js';
import {
  RunInferenceHandler,
  type InferenceSettings,
  type RunInferenceDeps,
} from '../workers/handlers/run-inference.js';
import { Periodic } from '../workers/periodic.js';
import { whenDiskHasSpace } from '../workers/disk-space-gate.js';
import { QueueRunner, type QueueRunnerOptions } from '../workers/runner.js';
import { Workspaces } from '../workers/workspaces.js';
import { engineEnvironment } from './engine-environment.js';
import { reportJobEngines } from './job-engine-reports.js';
import { createPersistence, type Persistence } from './persistence.js';
import { openQueue } from './queue.js';
import type { QueueParts } from './queue-parts.js';
import { openStorage, type Storage } from './storage.js';
import { outboxTask, workerTasks } from './worker-tasks.js';
import { createWorkerImports, type WorkerImports } from './worker-imports.js';
import { createWorkerPreviews, type WorkerPreviews } from './worker-previews.js';
import { createWorkerWebhooks, type WebhookOverrides, type WorkerWebhooks } from './worker-webhooks.js';

/** Options of a worker in addition to its settings. */
export interface WorkerOptions {
  /** Module that exports `loadPipeline`, in place of the product's tasks. */
  readonly pipelinesModule?: string;
  readonly webhooks?: WebhookOverrides;
  /** How long running jobs may take to finish at shutdown before they are requeued. */
  readonly finishGraceMs?: number;
  /** Stops a start that waits for Redis. */
  readonly signal?: AbortSignal;
}

/** All parts of a worker, not started yet. */
export interface Worker {
  readonly persistence: Persistence;
  readonly queue: QueueParts;
  readonly runner: QueueRunner;
  readonly webhooks: WorkerWebhooks;
  readonly previews: WorkerPreviews;
  readonly imports: WorkerImports;
  readonly starts: ActiveAttempts;
  readonly engines: JobEnginePool;
  /** Receives cancellations and, with an outbox, notifications of new queue messages. */
  readonly listener: PostgresListener;
  readonly periodics: readonly Periodic[];
}

/**
 * Time limits without a message from an engine. An engine that is computing, such as filling a large image,
 * gets far more time than an idle one.
 */
const SILENCE = { silentMs: 30_000, computingMs: 600_000 };
/** Leaves half a second of the documented two for the message to arrive and the process to exit. */
const STOP_GRACE_MS = 1_500;
const JOBS_PER_ENGINE = 50;
const GIBIBYTE = 2 ** 30;
/** One listens to the queue of webhooks; its messages share the others. */
const WEBHOOK_CONNECTIONS = 3;
/** One listens to the queue of previews; their messages share the others. */
const PREVIEW_CONNECTIONS = 2;

/**
 * Wires a worker. The database must already respond, because queue objects never recover from a failed first
 * connection.
 */
export async function createWorker(
  settings: Settings,
  log: Logger,
  options: WorkerOptions = {},
): Promise<Worker> {
  const config = databaseConfig(settings, 'infernode-worker');
  const queue = await openWorkerQueue(settings, log, options.signal);
  const persistence = createPersistence(config, queue.queue, {
    onEffectError: (error) => log.warn('An after-commit effect failed.', { err: error }),
  });
  const { unitOfWork } = persistence;
  const starts = new ActiveAttempts();
  const engines = createEnginePool({ settings, log, options });
  const workspaces = new Workspaces(path.join(settings.folders.data, 'workspaces'));
  const disk = new DiskSpaceGuard(settings.folders.data, runReserve(settings.diskReserveBytes));
  const storage = await openStorage(settings, { log, signal: options.signal });
  const inference = await inferenceSettings(settings);
  const parts = { settings, log, unitOfWork, workspaces, storage };
  const handler = createHandler({ ...parts, starts, engines, inference });
  const outbox = outboxTask(queue).map((task) => new Periodic(task, log));
  const openWorker = await queue.loadWorkers();
  const webhooks = createWorkerWebhooks(settings, { unitOfWork, queue, openWorker, log }, options.webhooks);
  const previews = await createWorkerPreviews(settings, {
    ...{ unitOfWork, queue, openWorker, blobs: storage.blobs, disk, log },
    tools: inference.engine.ffmpeg,
  });
  const imports = createWorkerImports(settings, {
    ...{ unitOfWork, blobs: storage.blobs, log, tools: inference.engine.ffmpeg },
    requireSpace: (bytes) => disk.assertRoomFor(bytes),
  });
  return {
    persistence,
    queue,
    previews,
    imports,
    starts,
    engines,
    webhooks,
    runner: createRunner(settings, { openWorker, queue: queue.queue, disk, handler, log }),
    listener: createListener(config.url, { starts, outbox, webhooks, previews, log }),
    periodics: [...workerTasks({ ...parts, queue }), reportJobEngines(queue.pool, engines)]
      .map((task) => new Periodic(task, log))
      .concat(outbox, webhooks.periodics, previews.periodics, imports.periodics),
  };
}

const openWorkerQueue = (
  settings: Settings,
  log: Logger,
  signal: AbortSignal | undefined,
): Promise<QueueParts> =>
  openQueue(settings, {
    applicationName: 'infernode-worker-queue',
    // One connection listens, the reconciler holds one and queries with another, and each running job may need one.
    poolMax: settings.worker.concurrency + 3 + WEBHOOK_CONNECTIONS + PREVIEW_CONNECTIONS,
    log,
    signal,
  });

/**
 * Receives cancellations, so that they reach engines immediately; a lost one takes effect after a third of a
 * lease.
 */
function createListener(
  url: string,
  {
    starts,
    outbox,
    webhooks,
    previews,
    log,
  }: {
    starts: ActiveAttempts;
    outbox: readonly Periodic[];
    webhooks: WorkerWebhooks;
    previews: WorkerPreviews;
    log: Logger;
  },
): PostgresListener {
  return new PostgresListener({
    connection: { connectionString: url, application_name: 'infernode-worker-control' },
    channels: [JOB_CONTROL_CHANNEL, OUTBOX_CHANNEL, WEBHOOKS_CHANNEL, PREVIEWS_CHANNEL],
    onNotification: (channel, payload) => {
      if (channel === OUTBOX_CHANNEL) outbox.forEach((task) => task.wake());
      else if (channel === WEBHOOKS_CHANNEL) webhooks.wake();
      else if (channel === PREVIEWS_CHANNEL) previews.wake();
      else starts.cancel(parseCancel(payload) ?? '');
    },
    onError: (error) => log.warn('The control connection reports an error.', { err: error }),
  });
}

function createRunner(
  settings: Settings,
  {
    handler,
    disk,
    log,
    ...queue
  }: Pick<QueueRunnerOptions, 'openWorker' | 'queue' | 'log'> & {
    readonly handler: RunInferenceHandler;
    readonly disk: DiskSpaceGuard;
  },
): QueueRunner {
  return new QueueRunner({
    ...queue,
    handler: { job: 'inference.run', handle: whenDiskHasSpace(disk, () => handler.handle(), { log }) },
    prefix: settings.queue.prefix,
    concurrency: settings.worker.concurrency,
    log: log.child({ component: 'runner' }),
  });
}

type HandlerParts = Pick<RunInferenceDeps, 'starts' | 'engines' | 'workspaces'>;

function createHandler({
  settings,
  log,
  unitOfWork,
  storage,
  inference,
  ...parts
}: HandlerParts & {
  settings: Settings;
  log: Logger;
  unitOfWork: UnitOfWork;
  storage: Pick<Storage, 'blobs' | 'recordings'>;
  inference: InferenceSettings;
}): RunInferenceHandler {
  return new RunInferenceHandler({
    ...parts,
    recorder: new JobRecorder(unitOfWork, {
      leaseMs: inference.leaseMs,
      runningJobs: settings.quota.runningJobs,
    }),
    datasets: unitOfWork.read.datasets,
    blobs: storage.blobs,
    recordings: storage.recordings(),
    log: log.child({ component: 'inference' }),
    settings: inference,
  });
}

function createEnginePool({
  settings,
  log,
  options,
}: {
  settings: Settings;
  log: Logger;
  options: WorkerOptions;
}): JobEnginePool {
  const memory = os.totalmem();
  return new JobEnginePool({
    size: settings.worker.concurrency,
    env: engineEnvironment(),
    pipelinesModule: options.pipelinesModule,
    silence: SILENCE,
    stopGraceMs: STOP_GRACE_MS,
    maxRssBytes: Math.max(2 * GIBIBYTE, memory / 2),
    recycleRssBytes: Math.max(GIBIBYTE, memory / 8),
    maxJobsPerEngine: JOBS_PER_ENGINE,
    onStderr: ({ pid }, text) => log.debug('An engine wrote to stderr.', { pid, text }),
  });
}

async function inferenceSettings(settings: Settings): Promise<InferenceSettings> {
  const { ffmpegPath, ffprobePath, version } = await locateFfmpeg({
    ...settings.ffmpeg,
  });
  return {
    leaseMs: settings.job.leaseMs,
    jobTimeoutMs: settings.job.timeoutMs,
    engine: {
      modelsDirectory: settings.folders.models,
      labelsDirectory: path.join(settings.folders.data, 'labels'),
      ffmpeg: { ffmpegPath, ffprobePath, version },
      power: settings.power,
      threads: settings.job.engineThreads ?? defaultThreads(settings.worker.concurrency),
      modelTimeoutMs: settings.job.inpaintingModelTimeoutMs,
      jpegDecoder: settings.inference.jpegDecoder,
    },
  };
}

/** Threads per engine, so that engines share the cores. */
function defaultThreads(engines: number): number {
  return Math.max(1, Math.floor(os.availableParallelism() / engines));
}
