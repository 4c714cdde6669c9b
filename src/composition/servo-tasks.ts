import type pg from 'pg';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { ADVISORY_LOCKS, withAdvisoryLock } from '../queue/advisory-lock.js';
import { AbandonedServoSessions } from '../services/abandoned-servo-sessions.js';
import { RecordingSweep } from '../services/recording-sweep.js';
import type { PeriodicTask } from '../workers/periodic.js';
import type { Storage } from './storage.js';

const INTERVAL_MS = 5_000;
/** Two rounds end the sessions of an api process that is gone. */
const SESSIONS_INTERVAL_MS = 2_000;
/** Phases in which no other periodic work of a worker starts. */
const PHASES = { sessions: 2_500, recordings: 4_500 };

/** Dependencies of {@link servoTasks}. */
export interface ServoTasksDeps {
  readonly storage: Pick<Storage, 'recordings'>;
  readonly unitOfWork: UnitOfWork;
  readonly pool: pg.Pool;
  readonly log: Logger;
}

/** Periodic work of a worker for live servoing. */
export function servoTasks({ storage, unitOfWork, pool, log }: ServoTasksDeps): readonly PeriodicTask[] {
  // Sessions of lost api processes and of deleted accounts.
  const sessions = new AbandonedServoSessions(unitOfWork, log.child({ component: 'servo' }));
  // Recordings of sessions whose jobs have ended.
  const recordings = new RecordingSweep(storage.recordings(), unitOfWork.read);
  return [
    {
      name: 'the abandoned sessions of live servoing',
      intervalMs: SESSIONS_INTERVAL_MS,
      firstPauseMs: PHASES.sessions,
      run: async () => void (await sessions.runOnce()),
    },
    {
      name: 'the sweep of recordings',
      intervalMs: INTERVAL_MS,
      firstPauseMs: PHASES.recordings,
      // Not during a backup: its database may have the job that needs the recording.
      run: async () => {
        await withAdvisoryLock(pool, ADVISORY_LOCKS.files, async () => void (await recordings.runOnce()));
      },
    },
  ];
}
