import type pg from 'pg';
import type { Settings } from '../config/settings.js';
import { isTerminal } from '../domain/job.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { ADVISORY_LOCKS, withAdvisoryLock } from '../queue/advisory-lock.js';
import { PostgresJobControl } from '../queue/job-control.js';
import { OrphanedJobs } from '../services/orphaned-jobs.service.js';
import { ReconcilerService } from '../services/reconciler.service.js';
import type { PeriodicTask } from '../workers/periodic.js';
import type { WorkspaceOwner, Workspaces } from '../workers/workspaces.js';
import { countTask } from './count-task.js';
import type { QueueParts } from './queue-parts.js';
import { retentionTasks } from './retention-tasks.js';
import { servoTasks } from './servo-tasks.js';
import type { Storage } from './storage.js';
import { uploadTask } from './upload-task.js';

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

/** Dependencies of {@link workerTasks}. */
export interface WorkerTasksDeps {
  readonly settings: Settings;
  readonly unitOfWork: UnitOfWork;
  readonly queue: QueueParts;
  readonly log: Logger;
  readonly workspaces: Workspaces;
  readonly storage: Storage;
}

/** Periodic work of every worker. */
export function workerTasks(deps: WorkerTasksDeps): readonly PeriodicTask[] {
  const { storage, unitOfWork, queue, log, workspaces } = deps;
  return [
    reconcilerTask(deps),
    orphanedJobsTask(unitOfWork, queue.pool, log),
    sweepTask(unitOfWork, workspaces),
    ...servoTasks({ storage, unitOfWork, pool: queue.pool, log }),
    uploadTask(storage, unitOfWork, log),
    countTask(storage, unitOfWork),
    ...retentionTasks(deps),
  ];
}

/** Runs the reconciler in one worker at a time. */
function reconcilerTask({
  settings,
  unitOfWork,
  queue: { pool, queue },
  log,
}: WorkerTasksDeps): PeriodicTask {
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

/** Moves messages from the outbox, if the queue needs it. */
export function outboxTask({ dispatcher }: QueueParts): readonly PeriodicTask[] {
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

async function isRunning({ read }: UnitOfWork, { jobId, fence }: WorkspaceOwner): Promise<boolean> {
  const job = await read.jobs.findById(jobId);
  return job !== null && !isTerminal(job.status) && job.fence === fence;
}
