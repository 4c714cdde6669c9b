import type { Settings } from '../config/settings.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { ADVISORY_LOCKS, withAdvisoryLock } from '../queue/advisory-lock.js';
import { RetentionService } from '../services/retention.service.js';
import type { PeriodicTask } from '../workers/periodic.js';
import type { QueueParts } from './queue-parts.js';
import type { Storage } from './storage.js';

const INTERVAL_MS = 5_000;
/** Phase in which no other periodic work of a worker starts. */
const PHASE_MS = 500;

/** Dependencies of {@link retentionTasks}. */
export interface RetentionTasksDeps {
  readonly settings: Pick<Settings, 'retentionDays'>;
  readonly storage: Pick<Storage, 'blobs'>;
  readonly unitOfWork: UnitOfWork;
  readonly queue: QueueParts;
  readonly log: Logger;
}

/** Removal of what is due: deleted objects, expired results, old events, what deleted users have left, and files. */
export function retentionTasks({
  settings,
  storage,
  unitOfWork,
  queue: { pool },
  log,
}: RetentionTasksDeps): readonly PeriodicTask[] {
  const retention = new RetentionService(unitOfWork, storage.blobs, settings.retentionDays);
  const logger = log.child({ component: 'retention' });
  const round = async (): Promise<void> => {
    const objects = await retention.purgeRows();
    const files = await retention.removeFiles();
    if (objects > 0 || files > 0) logger.info('Removed what was due.', { objects, files });
  };
  return [
    {
      name: 'the removal of what is due',
      intervalMs: INTERVAL_MS,
      firstPauseMs: PHASE_MS,
      // One worker at a time, and not during a backup: each of its rows must find its file.
      run: async () => void (await withAdvisoryLock(pool, ADVISORY_LOCKS.files, round)),
    },
  ];
}
