import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { mediaDirectory, type Environment } from '../config/environment.js';
import { readManifest } from '../inference/runtime/manifest.js';
import type { JobQueue } from '../queue/job-queue.js';
import type { HealthProbe } from '../services/health.service.js';
import { DiskSpaceGuard, uploadReserve } from '../storage/disk-space.js';
import type { Persistence } from './persistence.js';

/** What the readiness of an api depends on. */
export interface ReadinessParts {
  readonly environment: Environment;
  readonly persistence: Pick<Persistence, 'ping'>;
  readonly queue: Pick<JobQueue, 'depth'>;
}

/** Every network has a valid manifest and files of the sizes that it names; engines check the digests. */
async function checkNetworks(modelsDirectory: string): Promise<void> {
  const folders = (await readdir(modelsDirectory, { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  );
  if (folders.length === 0) throw new Error(`There is no network in ${modelsDirectory}.`);
  for (const { name } of folders) {
    const folder = path.join(modelsDirectory, name);
    const manifest = await readManifest(folder, name);
    for (const file of Object.values(manifest.files)) {
      const { size } = await stat(path.join(folder, file.path));
      if (size !== file.bytes) throw new Error(`${file.path} of ${manifest.id} has ${size} bytes.`);
    }
  }
}

/** The real checks behind `/readyz`. */
export function readinessProbes({
  environment,
  persistence,
  queue,
}: ReadinessParts): Record<string, HealthProbe> {
  const disk = new DiskSpaceGuard(mediaDirectory(environment), uploadReserve(environment.DISK_RESERVE_MB));
  return {
    database: () => persistence.ping(),
    queue: async () => void (await queue.depth()),
    disk: () => disk.assertRoomFor(),
    networks: () => checkNetworks(environment.MODELS_DIR),
  };
}
