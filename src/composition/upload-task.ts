import type { Settings } from '../config/settings.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { AbandonedUploads } from '../services/abandoned-uploads.js';
import { DiskBlobStore } from '../storage/disk-blob-store.js';
import type { PeriodicTask } from '../workers/periodic.js';
import { diskIncoming, incomingStores } from './api-uploads.js';

const INTERVAL_MS = 10_000;
/** Phase in which no other periodic work of a worker starts. */
const PHASE_MS = 5_500;

/** Periodic work of a worker for uploads in several requests. */
export function uploadTask(
  { folders }: Pick<Settings, 'folders'>,
  unitOfWork: UnitOfWork,
  log: Logger,
): PeriodicTask {
  // No URL is signed here.
  const stores = incomingStores(
    diskIncoming(folders.media, Buffer.alloc(0)),
    new DiskBlobStore(folders.media),
  );
  const abandoned = new AbandonedUploads(unitOfWork, stores, log.child({ component: 'uploads' }));
  return {
    name: 'the abandoned uploads',
    intervalMs: INTERVAL_MS,
    firstPauseMs: PHASE_MS,
    run: async () => void (await abandoned.runOnce()),
  };
}
