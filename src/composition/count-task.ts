import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { CountRecorder } from '../services/count-recorder.js';
import type { PeriodicTask } from '../workers/periodic.js';
import type { Storage } from './storage.js';

const INTERVAL_MS = 10_000;
/** Phase in which no other periodic work of a worker starts. */
const PHASE_MS = 4_250;

/** Records what this process has done with stored files. */
export function countTask({ meter }: Pick<Storage, 'meter'>, { read }: UnitOfWork): PeriodicTask {
  const recorder = new CountRecorder(meter, read);
  return {
    name: 'the counts of the storage',
    intervalMs: INTERVAL_MS,
    firstPauseMs: PHASE_MS,
    run: () => recorder.runOnce(),
  };
}
