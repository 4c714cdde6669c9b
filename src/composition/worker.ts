import os from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { databaseConfig } from '../config/database.js';
import type { Settings } from '../config/settings.js';
import { isTerminal } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { locateFfmpeg } from '../media/ffmpeg-locate.js';
import { ADVISORY_LOCKS, withAdvisoryLock } from '../queue/advisory-lock.js';
import { JOB_CONTROL_CHANNEL, parseCancel, PostgresJobControl } from '../queue/job-control.js';
import { PostgresListener } from '../queue/postgres-listener.js';
import { OUTBOX_CHANNEL } from '../queue/redis-job-queue.js';
import { JobRecorder } from '../services/job-recorder.service.js';
import { OrphanedJobs } from '../services/orphaned-jobs.service.js';
import { ReconcilerService } from '../services/reconciler.service.js';
import { DiskSpaceGuard, runReserve } from '../storage/disk-space.js';
import { ActiveAttempts } from '../workers/active-attempt.js';
import { JobEnginePool } from '../engines/job-engine/job-engine-pool.js';
import {
  RunInferenceHandler,
  type InferenceSettings,
  type RunInferenceDeps,
} from '../workers/handlers/run-inference.js';
import { Periodic, type PeriodicTask } from '../workers/periodic.js';
import { whenDiskHasSpace } from '../workers/disk-space-gate.js';
import { QueueRunner } from '../workers/runner.js';
import { DiskBlobStore } from '../storage/disk-blob-store.js';
import { DiskRecordingStore } from '../storage/disk-recording-store.js';
import { Workspaces, type WorkspaceOwner } from '../workers/workspaces.js';
import { engineEnvironment } from './engine-environment.js';
import { reportJobEngines } from './job-engine-reports.js';
import { createPersistence, type Persistence } from './persistence.js';
import { openQueue } from './queue.js';
import type { QueueParts } from './queue-parts.js';
import { servoTasks } from './servo-tasks.js';

/** Options of a worker in addition to its settings. */
export interface WorkerOptions {
  /** Module that exports `loadPipeline`, in place of the product's tasks. */
  readonly pipelinesModule?: string;
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
  readonly starts: ActiveAttempts;
  readonly engines: JobEnginePool;
  /** Receives cancellations and, with an outbox, notifications of new queue messages. */
  readonly listener: PostgresListener;
  readonly periodics: readonly Periodic[];
}

const RECONCILE_INTERVAL_MS = 5_000;
/**
 * Phase of the reconciler. The queue's own work also runs every 5 s; the different phase lets both share one
 * connection.
 */
const RECONCILER_PHASE_MS = 1_500;
const ORPHANS_PHASE_MS = 3_500;
const SWEEP_INTERVAL_MS = 60_000;
/** Only for queue messages whose notification was lost. */
const OUTBOX_INTERVAL_MS = 1_000;
/**
 * Time limits without a message from an engine. An engine that is computing, such as filling a large image,
 * gets far more time than an idle one.
 */
const SILENCE = { silentMs: 30_000, computingMs: 600_000 };
/** Leaves half a second of the documented two for the message to arrive and the process to exit. */
const STOP_GRACE_MS = 1_500;
const JOBS_PER_ENGINE = 50;
const GIBIBYTE = 2 ** 30;

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
  const { concurrency } = settings.worker;
  const { prefix } = settings.queue;
  // One connection listens, the reconciler holds one and queries with another, and each running job may need
  // one.
  const queue = await openQueue(settings, {
    applicationName: 'infernode-worker-queue',
    poolMax: concurrency + 3,
    log,
    signal: options.signal,
  });
  const persistence = createPersistence(config, queue.queue, {
    onEffectError: (error) => log.warn('An after-commit effect failed.', { err: error }),
  });
  const { unitOfWork } = persistence;
  const starts = new ActiveAttempts();
  const engines = createEnginePool({ settings, log, options });
  const workspaces = new Workspaces(path.join(settings.folders.data, 'workspaces'));
  const disk = new DiskSpaceGuard(settings.folders.data, runReserve(settings.diskReserveBytes));
  const handler = await createHandler({ settings, log, unitOfWork, starts, engines, workspaces });
  const outbox = outboxTask(queue).map((task) => new Periodic(task, log));
  return {
    persistence,
    queue,
    starts,
    engines,
    runner: new QueueRunner({
      openWorker: await queue.loadWorkers(),
      queue: queue.queue,
      handlers: { 'inference.run': whenDiskHasSpace(disk, () => handler.handle(), { log }) },
      prefix,
      concurrency,
      log: log.child({ component: 'runner' }),
    }),
    listener: createListener(config.url, { starts, outbox, log }),
    periodics: [
      new Periodic(reconcilerTask({ settings, unitOfWork, queue, log }), log),
      new Periodic(orphanedJobsTask(unitOfWork, queue.pool, log), log),
      new Periodic(sweepTask(unitOfWork, workspaces), log),
      ...servoTasks(settings, unitOfWork, log).map((task) => new Periodic(task, log)),
      new Periodic(reportJobEngines(queue.pool, engines), log),
      ...outbox,
    ],
  };
}

/**
 * Receives cancellations, so that they reach engines immediately; a lost one takes effect after a third of a
 * lease.
 */
function createListener(
  url: string,
  { starts, outbox, log }: { starts: ActiveAttempts; outbox: readonly Periodic[]; log: Logger },
): PostgresListener {
  return new PostgresListener({
    connection: { connectionString: url, application_name: 'infernode-worker-control' },
    channels: [JOB_CONTROL_CHANNEL, OUTBOX_CHANNEL],
    onNotification: (channel, payload) => {
      if (channel === OUTBOX_CHANNEL) outbox.forEach((task) => task.wake());
      else starts.cancel(parseCancel(payload) ?? '');
    },
    onError: (error) => log.warn('The control connection reports an error.', { err: error }),
  });
}

type HandlerParts = Pick<RunInferenceDeps, 'starts' | 'engines' | 'workspaces'>;

async function createHandler({
  settings,
  log,
  unitOfWork,
  ...parts
}: HandlerParts & {
  settings: Settings;
  log: Logger;
  unitOfWork: UnitOfWork;
}): Promise<RunInferenceHandler> {
  const inference = await inferenceSettings(settings);
  const blobs = new DiskBlobStore(settings.folders.media);
  return new RunInferenceHandler({
    ...parts,
    recorder: new JobRecorder(unitOfWork, {
      leaseMs: inference.leaseMs,
      runningJobs: settings.quota.runningJobs,
    }),
    datasets: unitOfWork.read.datasets,
    blobs: { localPath: (key) => blobs.path(key) },
    recordings: new DiskRecordingStore(settings.folders.media),
    log: log.child({ component: 'inference' }),
    settings: inference,
  });
}

/** Runs the reconciler in one worker at a time. */
function reconcilerTask({
  settings,
  unitOfWork,
  queue: { pool, queue },
  log,
}: {
  settings: Settings;
  unitOfWork: UnitOfWork;
  queue: QueueParts;
  log: Logger;
}): PeriodicTask {
  const reconciler = new ReconcilerService(
    { unitOfWork, queue, runningJobs: settings.quota.runningJobs },
    log.child({ component: 'reconciler' }),
  );
  return {
    name: 'the reconciler',
    intervalMs: RECONCILE_INTERVAL_MS,
    firstPauseMs: RECONCILER_PHASE_MS,
    run: async () => {
      await withAdvisoryLock(pool, ADVISORY_LOCKS.reconciler, async () => void (await reconciler.runOnce()));
    },
  };
}

/** Ends jobs of deleted accounts that an api process left when it exited. */
function orphanedJobsTask(unitOfWork: UnitOfWork, pool: pg.Pool, log: Logger): PeriodicTask {
  const control = new PostgresJobControl(pool, (error) =>
    log.warn('A control message could not be sent.', { err: error }),
  );
  const orphans = new OrphanedJobs(unitOfWork, control);
  return {
    name: 'the jobs of deleted accounts',
    intervalMs: RECONCILE_INTERVAL_MS,
    firstPauseMs: ORPHANS_PHASE_MS,
    run: () => orphans.endAll(),
  };
}

function outboxTask({ dispatcher }: QueueParts): readonly PeriodicTask[] {
  if (!dispatcher) return [];
  const run = async () => void (await dispatcher.drain());
  return [{ name: 'the outbox', intervalMs: OUTBOX_INTERVAL_MS, run }];
}

function sweepTask(unitOfWork: UnitOfWork, workspaces: Workspaces): PeriodicTask {
  return {
    name: 'the sweep of workspaces',
    intervalMs: SWEEP_INTERVAL_MS,
    run: async () => void (await workspaces.sweep((owner) => isRunning(unitOfWork, owner))),
  };
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

async function isRunning({ read }: UnitOfWork, { jobId, fence }: WorkspaceOwner): Promise<boolean> {
  const job = await read.jobs.findById(jobId);
  return job !== null && !isTerminal(job.status) && job.fence === fence;
}
