import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { makeFolderSync } from '../storage/folders.js';
import { runningServer } from './running-server.js';

/** Folder of root that every account may traverse, for installations below folders such as /root. */
export const SYSTEM_DIRECTORY = '/var/lib/infernode';

/** Creates a folder below the system folder that every account may traverse, whatever the umask. */
export function makeSystemFolder(folder: string, systemDirectory = SYSTEM_DIRECTORY): void {
  makeFolderSync(folder);
  for (let current = folder; current.startsWith(systemDirectory); current = path.dirname(current))
    chmodSync(current, 0o755);
}

/** Name of the file that contains the path of a cluster's data folder. */
const OWNER_FILE = 'data-folder';
const CLUSTER_ID = /^[0-9a-f]{16}$/;

const idOf = (dataFolder: string): string =>
  createHash('sha256').update(path.join(dataFolder, 'postgres')).digest('hex').slice(0, 16);

/**
 * The place of the cluster of a data folder that the server's account cannot access; also records the data
 * folder there. The name depends only on the real path of the folder; clusters of earlier versions keep their
 * place.
 */
export function systemCluster(dataFolder: string, systemDirectory = SYSTEM_DIRECTORY): string {
  const real = existsSync(dataFolder) ? realpathSync(dataFolder) : path.resolve(dataFolder);
  const candidates = [idOf(real), idOf(dataFolder)].map((id) => path.join(systemDirectory, id));
  const folder =
    candidates.find((candidate) => existsSync(path.join(candidate, 'postgres'))) ?? candidates[0];
  makeSystemFolder(folder, systemDirectory);
  writeFileSync(path.join(folder, OWNER_FILE), `${real}\n`, { mode: 0o600 });
  return path.join(folder, 'postgres');
}

/** A cluster in the system folder whose data folder does not exist any more. */
export interface AbandonedCluster {
  readonly folder: string;
  /** Null for clusters of early versions, which did not record their data folder. */
  readonly dataFolder: string | null;
  readonly bytes: number;
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesBelow(file) : entry.isFile() ? statSync(file).size : 0);
  }, 0);
}

function ownerOf(folder: string): string | null {
  const file = path.join(folder, OWNER_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** Clusters without a running server whose data folder does not exist or is unknown. */
export function abandonedClusters(systemDirectory = SYSTEM_DIRECTORY): AbandonedCluster[] {
  if (!existsSync(systemDirectory)) return [];
  return readdirSync(systemDirectory)
    .filter((name) => CLUSTER_ID.test(name))
    .map((name) => path.join(systemDirectory, name))
    .filter((folder) => runningServer(path.join(folder, 'postgres')) === null)
    .map((folder) => ({ folder, dataFolder: ownerOf(folder), bytes: bytesBelow(folder) }))
    .filter(({ dataFolder }) => dataFolder === null || !existsSync(dataFolder));
}

/** Removes a cluster. One with an unknown data folder is kept, because it may be in use. */
export function removeCluster({ folder, dataFolder }: AbandonedCluster): boolean {
  if (dataFolder === null || existsSync(dataFolder)) return false;
  rmSync(folder, { recursive: true, force: true });
  return true;
}
