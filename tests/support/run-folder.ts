import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '../../src/lifecycle/process-identity.js';
import { abandonedClusters, removeCluster, SYSTEM_DIRECTORY } from '../../src/lifecycle/system-clusters.js';

/** Followed by the process that owns the folder. */
const PREFIX = 'infernode-tests-';
/** Temp folders as tests, soaks and evaluations name theirs with `mkdtemp`. */
const TEMP_FOLDER = /^infernode-[a-z0-9-]+-[A-Za-z0-9]{6}$/;

/** The folder of everything that one test run and its children write into the system's temp folder. */
export interface RunFolder {
  readonly path: string;
  /** Removes it, and the clusters that root's servers kept elsewhere for data folders in it. */
  remove(): void;
}

/** Ends the servers whose clusters lie in a folder. */
function endServers(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (path.basename(name) !== 'postmaster.pid') continue;
    const postmaster = Number(readFileSync(path.join(folder, name), 'utf8').split('\n')[0]);
    if (isAlive(postmaster)) process.kill(postmaster, 'SIGQUIT');
  }
}

function removeFolder(folder: string, systemDirectory: string): void {
  try {
    if (existsSync(folder)) endServers(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  } catch {
    // A process that outlived its run is still writing there: the next run will find the folder again.
    return;
  }
  const within = (dataFolder: string | null) => dataFolder?.startsWith(folder + path.sep) ?? false;
  for (const cluster of abandonedClusters(systemDirectory).filter((found) => within(found.dataFolder)))
    removeCluster(cluster);
}

/** Folders below `parent` whose runs were killed; clusters of temp folders that are gone, of other checkouts too. */
function removeLeftOvers(parent: string, systemDirectory: string): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(PREFIX))) {
    const owner = Number.parseInt(name.slice(PREFIX.length), 10);
    if (owner > 0 && !isAlive(owner)) removeFolder(path.join(parent, name), systemDirectory);
  }
  for (const cluster of abandonedClusters(systemDirectory)) {
    const [first] = path.relative(parent, cluster.dataFolder ?? '').split(path.sep);
    if (TEMP_FOLDER.test(first)) removeCluster(cluster);
  }
}

/** Makes the folder of this run and removes what killed runs have left. */
export function openRunFolder(parent = tmpdir(), systemDirectory = SYSTEM_DIRECTORY): RunFolder {
  removeLeftOvers(parent, systemDirectory);
  const folder = mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`));
  // Root's servers run under another account, which has to pass this folder.
  chmodSync(folder, 0o755);
  return { path: folder, remove: () => removeFolder(folder, systemDirectory) };
}
