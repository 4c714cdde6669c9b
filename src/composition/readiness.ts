import type { Settings } from '../config/settings.js';
import { checkModelsFolder } from '../networks/store/check-models-folder.js';
import type { JobQueue } from '../queue/job-queue.js';
import type { HealthProbe } from '../services/health.service.js';
import { folderProblem, probeWrite } from '../storage/folders.js';
import { uploadReserve } from '../storage/disk-space.js';
import type { Persistence } from './persistence.js';
import type { Storage } from './storage.js';

/** What the readiness of an api process depends on. */
export interface ReadinessParts {
  readonly settings: Settings;
  readonly persistence: Pick<Persistence, 'ping'>;
  readonly queue: Pick<JobQueue, 'depth'>;
  readonly storage: Storage;
}

/** @throws when the models folder cannot be read, and errors of {@link checkModelsFolder} */
export async function checkNetworks(modelsDirectory: string): Promise<void> {
  await checkModelsFolder(modelsDirectory).catch((cause: unknown) => {
    if (!isSystemError(cause)) throw cause;
    throw new Error(`MODELS_DIR: ${modelsDirectory} cannot be read: ${folderProblem(cause)}.`, { cause });
  });
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

/** The checks behind `/readyz`. */
export function readinessProbes({
  settings,
  persistence,
  queue,
  storage,
}: ReadinessParts): Record<string, HealthProbe> {
  const disk = storage.diskGuard(uploadReserve(settings.diskReserveBytes));
  const queueResponds = async (): Promise<void> => void (await queue.depth());
  return {
    database: () => persistence.ping(),
    queue: queueResponds,
    // Where the queue is on Redis, its depth shows whether Redis responds.
    ...(settings.queue.backend === 'redis' && { redis: queueResponds }),
    disk: async () => {
      await disk.assertRoomFor();
      if (settings.storage.kind === 'disk') await storage.ping();
      await probeWrite(settings.folders.data);
    },
    // A disk is part of the probe above.
    ...(settings.storage.kind === 's3' && { storage: () => storage.ping() }),
    networks: () => checkNetworks(settings.folders.models),
  };
}
