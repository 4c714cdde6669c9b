import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { AbandonedUploads } from '../services/abandoned-uploads.js';
import type { PeriodicTask } from '../workers/periodic.js';
import { incomingParts, incomingStores } from './api-uploads.js';
import type { Storage } from './storage.js';

const INTERVAL_MS = 10_000;
/** Phase in which no other periodic work of a worker starts. */
const PHASE_MS = 5_500;

/** Periodic work of a worker for uploads in several requests. */
export function uploadTask(storage: Storage, unitOfWork: UnitOfWork, log: Logger): PeriodicTask {
  // No URL is signed here.
  const stores = incomingStores(incomingParts(storage, Buffer.alloc(0)), storage.blobs);
  const abandoned = new AbandonedUploads(unitOfWork, stores, log.child({ component: 'uploads' }));
  return {
    name: 'the abandoned uploads',
    intervalMs: INTERVAL_MS,
    firstPauseMs: PHASE_MS,
    run: async () => void (await abandoned.runOnce()),
  };
}
