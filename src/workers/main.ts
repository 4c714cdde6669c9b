import { fileURLToPath } from 'node:url';
import type { Worker, WorkerOptions } from '../composition/worker.js';
import { requireFoldersOrExit } from '../composition/require-folders.js';
import { requireSchema } from '../composition/require-schema.js';
import { waitForDatabase } from '../composition/wait-for-database.js';
import { databaseConfig } from '../config/database.js';
import type { Settings } from '../config/settings.js';
import { loadSettings } from '../config/load.js';
import { collectGarbageOfStart } from '../lifecycle/collect-garbage.js';
import { surviveErrors } from '../lifecycle/process-errors.js';
import { FOR_STACK, parentsPermission } from '../supervision/child-process.js';
import { logFailedStart } from '../lifecycle/failed-start.js';
import { requireFreePort } from '../lifecycle/listen.js';
import { createPrivateFiles } from '../lifecycle/private-files.js';
import { Shutdown } from '../lifecycle/shutdown.js';
import { createLogger, exitWithLogs, type ProcessLogger } from '../logging/logger.js';
import { startHealthServer, type HealthServerOptions } from './health-server.js';

const SHUTDOWN_DEADLINE_MS = 30_000;

/**
 * Loads the parts of the worker: most of the processor time of a start, which one that a setting or the database
 * prevents need not spend.
 */
const loadParts = () => import('../composition/worker.js');

/** How long running jobs may take to finish at shutdown before they are requeued. */
const FINISH_GRACE_MS = 8_000;

/**
 * Runs a worker until it is asked to stop, then exits the process. Sends `ready` to the parent process, if
 * there is one.
 */
export async function runWorker(
  settings: Settings,
  options: WorkerOptions & { forStack?: boolean } = {},
): Promise<void> {
  createPrivateFiles();
  requireFoldersOrExit(settings);
  const log = createLogger({
    process: 'worker',
    level: settings.logLevel,
    directory: settings.folders.logs,
    keptDays: settings.retentionDays.logs,
    console: settings.mode === 'production' ? 'json' : 'text',
    redisPort: settings.queue.backend === 'redis' ? settings.queue.redis.port : undefined,
  });
  surviveErrors(process, log);
  const exit = exitWithLogs(log);
  const shutdown = new Shutdown({
    deadlineMs: SHUTDOWN_DEADLINE_MS,
    log,
    exit,
  });
  const starting = new AbortController();
  shutdown.add('the start', async () => starting.abort());
  shutdown.listen(process);
  try {
    const { host } = settings.http;
    const { port } = settings.worker;
    await requireFreePort({ host, port, setting: 'WORKER_PORT' });
    // The stack permits it when the tables are there; loading takes as long.
    if (options.forStack) await Promise.all([parentsPermission(starting.signal), loadParts()]);
    await waitForDatabase(databaseConfig(settings, 'infernode-worker'), {
      timeoutMs: settings.startupTimeoutMs,
      signal: starting.signal,
      onWaiting: (sentence) => log.warn(sentence),
    });
    await requireSchema(settings, 'infernode-worker');
    await startWorker(settings, { log, shutdown, options, signal: starting.signal });
  } catch (error) {
    if (starting.signal.aborted) return;
    logFailedStart(log, 'worker', error);
    exit(1);
  }
}

async function startWorker(
  settings: Settings,
  {
    log,
    shutdown,
    options,
    signal,
  }: { log: ProcessLogger; shutdown: Shutdown; options: WorkerOptions; signal: AbortSignal },
): Promise<void> {
  const { host } = settings.http;
  const { port } = settings.worker;
  const { createWorker } = await loadParts();
  const worker = await createWorker(settings, log, { ...options, signal });
  addShutdownSteps(shutdown, worker, { log, finishGraceMs: options.finishGraceMs ?? FINISH_GRACE_MS });
  await worker.listener.start();
  for (const periodic of worker.periodics) periodic.start();
  worker.runner.start();
  worker.webhooks.runner.start();
  worker.previews.runner.start();
  if (port > 0) {
    const options: HealthServerOptions = {
      host,
      port,
      keepAliveMs: settings.http.keepAliveMs,
      onError: (err) => log.warn('A listener of the health server failed.', { err }),
    };
    const health = await startHealthServer(options, {
      ready: () => worker.persistence.ping(),
      figures: () => ({ activeJobs: worker.starts.size, engines: worker.engines.pids.length }),
    });
    shutdown.add('the health server', () => health.close());
  }
  process.send?.({ type: 'ready' });
  log.info('The worker is ready.', { concurrency: settings.worker.concurrency });
  drainOnSignal(worker, { log, shutdown });
  collectGarbageOfStart();
}

/** Signal at which a worker takes no more jobs, finishes the running ones without a time limit, and exits. */
const DRAIN_SIGNAL = 'SIGUSR2';

function drainOnSignal(
  { runner, starts }: Worker,
  { log, shutdown }: { log: ProcessLogger; shutdown: Shutdown },
): void {
  let isDraining = false;
  // It stays: the signal, sent again, would end a process without a listener.
  process.on(DRAIN_SIGNAL, () => {
    if (isDraining) return;
    isDraining = true;
    log.info('Draining: running jobs are finished, and no more are taken.', { jobs: starts.size });
    const drained = async (): Promise<void> => {
      await runner.stopIntake();
      await runner.idle();
      await shutdown.begin('the worker is drained');
    };
    drained().catch((err: unknown) => log.error('The worker could not be drained.', { err }));
  });
}

/**
 * Order of the shutdown: message intake, jobs, helpers, queue, database. Each step still needs the parts
 * after it.
 */
function addShutdownSteps(
  shutdown: Shutdown,
  worker: Worker,
  { log, finishGraceMs }: { log: ProcessLogger; finishGraceMs: number },
): void {
  shutdown.add('the start of jobs', async () => {
    const { runner, webhooks, previews } = worker;
    await Promise.all([runner, webhooks.runner, previews.runner].map((intake) => intake.stopIntake()));
  });
  shutdown.add('running jobs', async ({ orphaned }) => {
    const late = setTimeout(
      () => {
        log.info('Requeueing running jobs.', { jobs: worker.starts.size });
        worker.starts.stopAll('shutdown');
      },
      orphaned ? 0 : finishGraceMs,
    );
    await worker.runner.idle();
    clearTimeout(late);
  });
  shutdown.add('deliveries of webhooks', async () => {
    worker.webhooks.stop();
    await worker.webhooks.runner.idle();
  });
  shutdown.add('previews', async () => {
    worker.previews.stop();
    await worker.previews.runner.idle();
  });
  shutdown.add('imports', () => worker.imports.stop());
  shutdown.add('the engines', () => worker.engines.close());
  shutdown.add('periodic work', async () => {
    await Promise.all(worker.periodics.map((periodic) => periodic.stop()));
  });
  shutdown.add('the control connection', () => worker.listener.close());
  shutdown.add('the intake of messages', async () => {
    const { runner, webhooks, previews } = worker;
    await Promise.all([runner, webhooks.runner, previews.runner].map((intake) => intake.close()));
  });
  shutdown.add('the queue', () => worker.queue.close());
  shutdown.add('the database', () => worker.persistence.close());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  void runWorker(loadSettings(), { forStack: process.argv.includes(FOR_STACK) });
}
