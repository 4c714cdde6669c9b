import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { INSTALLABLE_TASKS, isNetworkName } from '../networks/store/layout.js';
import { NETWORK_ID, readManifest } from '../networks/runtime/manifest.js';
import type { JobQueue } from '../queue/job-queue.js';
import type { HealthProbe } from '../services/health.service.js';
import { folderProblem, probeWrite } from '../storage/folders.js';
import { DiskSpaceGuard, uploadReserve } from '../storage/disk-space.js';
import type { Persistence } from './persistence.js';

/** What the readiness of an api depends on. */
export interface ReadinessParts {
  readonly settings: Settings;
  readonly persistence: Pick<Persistence, 'ping'>;
  readonly queue: Pick<JobQueue, 'depth'>;
}

/**
 * Manifests are valid, and networks of the product's own tasks have files of the sizes that they name; engines check the
 * digests. Files of classifiers come and go by administrators' hands: what is wrong with one is shown among the models.
 */
export async function checkNetworks(modelsDirectory: string): Promise<void> {
  const entries = await readdir(modelsDirectory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new Error(`MODELS_DIR: ${modelsDirectory} cannot be read: ${folderProblem(cause)}.`, { cause });
  });
  const folders = entries.filter((entry) => isNetworkFolder(entry));
  if (folders.length === 0 && !entries.some((entry) => isFlatNetwork(entry)))
    throw new Error(`There is no network in ${modelsDirectory}.`);
  for (const { name } of folders) {
    const folder = path.join(modelsDirectory, name);
    // A classifier of which only older versions are left has no manifest at this place.
    const manifest = await readManifest(folder, name).catch(orNull);
    if (manifest === null || INSTALLABLE_TASKS.has(manifest.task)) continue;
    for (const file of Object.values(manifest.files)) {
      const { size } = await stat(path.join(folder, file.path));
      if (size !== file.bytes)
        throw new Error(
          `${file.path} of ${manifest.id} has ${size} ${size === 1 ? 'byte' : 'bytes'}, its manifest says ${file.bytes}.`,
        );
    }
  }
}

function orNull(error: unknown): null {
  if (error instanceof AppError && error.kind === 'not_found') return null;
  throw error;
}

/** Not the seed's `metadata`, nor folders that are being filled or removed. */
const isNetworkFolder = (entry: Dirent): boolean =>
  entry.isDirectory() && NETWORK_ID.test(entry.name) && entry.name !== 'metadata';

/** `<id>.onnx`, the other layout of networks. */
const isFlatNetwork = (entry: Dirent): boolean =>
  !entry.isDirectory() && entry.name.endsWith('.onnx') && isNetworkName(entry.name.slice(0, -'.onnx'.length));

/** The real checks behind `/readyz`. */
export function readinessProbes({
  settings,
  persistence,
  queue,
}: ReadinessParts): Record<string, HealthProbe> {
  const disk = new DiskSpaceGuard(settings.folders.media, uploadReserve(settings.diskReserveBytes));
  return {
    database: () => persistence.ping(),
    queue: async () => void (await queue.depth()),
    disk: async () => {
      await disk.assertRoomFor();
      await probeWrite(settings.folders.media);
      await probeWrite(settings.folders.data);
    },
    networks: () => checkNetworks(settings.folders.models),
  };
}
