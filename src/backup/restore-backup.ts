import { chmod, chown, cp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors/app-error.js';
import type { PostgresPlace } from '../lifecycle/postgres-binaries.js';
import { endLeftOver } from '../lifecycle/postgres-cluster.js';
import { makeFolder } from '../storage/folders.js';
import { CLUSTER_FOLDER, DUMP_FOLDER, PASSWORD_FILE } from './database-copy.js';
import { loadDump } from './database-restore.js';
import { majorVersionOf } from './postgres-programs.js';
import { normalPrefix, select, type Manifest, type PartName, type Selection } from './manifest.js';
import type { Restic, Snapshot } from './restic.js';

/** The time as part of a name: `20260131T060000Z`. */
export const utcStamp = (now = new Date()): string => now.toISOString().replaceAll(/[-:]|\.\d+/g, '');

/** Where the parts of this installation lie. */
export interface RestoreTarget {
  readonly dataRoot: string;
  readonly mediaFolder: string;
  readonly modelsFolder: string;
  readonly privateKey: string;
  readonly publicKey: string;
  /** The configured database; null for the embedded one. */
  readonly databaseUrl: string | null;
  /** Place of the embedded cluster. */
  readonly place: () => PostgresPlace;
}

/** What to restore. */
export interface RestoreRequest {
  readonly snapshot: Snapshot;
  readonly prefix: string;
  /** Reads restored files again and compares them with the snapshot. */
  readonly verify: boolean;
  readonly say: (sentence: string) => void;
}

/** A finished restore. */
export interface RestoreResult {
  readonly manifest: Manifest;
  readonly files: number;
  /** Names of the parts of which everything was restored. */
  readonly whole: readonly PartName[];
}

interface Fetched {
  readonly selection: Selection;
  /** Folder in which restic has restored the files; must be removed. */
  readonly staging: string;
  readonly file: string;
}

/** Moves a file, or the content of a folder, over what is there. @returns number of files */
async function moveOver(source: string, target: string): Promise<number> {
  const entries = await readdir(source, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (entries === null) {
    await makeFolder(path.dirname(target), 0o700);
    await rename(source, target);
    return 1;
  }
  await makeFolder(target, 0o700);
  let files = 0;
  for (const entry of entries) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    if (entry.isDirectory()) files += await moveOver(from, to);
    else {
      await rename(from, to);
      files += 1;
    }
  }
  await rmdir(source);
  return files;
}

/** Folders in which files are restored before they are moved to their places. */
const STAGING_PREFIX = '.restore';

/** Removes what a restore that was killed has left in a folder. */
async function removeLeftStagings(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(STAGING_PREFIX)) await rm(path.join(folder, name), { recursive: true, force: true });
}

/** Gives a restored cluster to the account that runs the server. */
async function own(folder: string, { account }: PostgresPlace): Promise<void> {
  if (!account) return;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = [folder, ...entries.map((entry) => path.join(entry.parentPath, entry.name))];
  for (const file of files) await chown(file, account.uid, account.gid);
}

/** @returns false when there is nothing to rename */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** The files of a cluster are those of one major version. */
async function requireMajorVersion({ native }: PostgresPlace, majorVersion: number): Promise<void> {
  const own = await majorVersionOf(path.join(native, 'bin', 'postgres'));
  if (own === majorVersion) return;
  throw new AppError('RESTORE_REFUSED', {
    message: `The database of this snapshot is of PostgreSQL ${majorVersion}, and this version of InferNode has ${String(own)}: restore with the version of InferNode that made the snapshot.`,
  });
}

/** Restores parts of snapshots. */
export class RestoreBackup {
  readonly #restic: Restic;
  readonly #target: RestoreTarget;

  constructor(restic: Restic, target: RestoreTarget) {
    this.#restic = restic;
    this.#target = target;
  }

  /** Restores into `folder`, whose layout is that of prefixes: `media/…`, `models/…`, `keys/…`, `database/…`. */
  async preview(request: RestoreRequest, folder: string): Promise<RestoreResult> {
    return this.#restore(request, {
      stagingOf: () => path.join(folder, STAGING_PREFIX),
      put: async ({ selection, file }) => {
        const files = await moveOver(file, path.join(folder, selection.part, selection.below));
        if (selection.part === 'database' && selection.below === '') await this.#makeStartable(folder);
        return files;
      },
    });
  }

  /**
   * Restores into this installation, which must not run. Files are replaced one by one; the present database is kept
   * under another name.
   */
  async inPlace(request: RestoreRequest): Promise<RestoreResult> {
    const stamp = utcStamp();
    return this.#restore(request, {
      stagingOf: ({ part, below }) => {
        if (part === 'database' && below !== '') {
          throw new AppError('RESTORE_REFUSED', {
            message: 'The database can only be restored as a whole: --prefix database.',
          });
        }
        // The folder of a whole part may be a disk or a volume of its own, and files are moved out of this one.
        const parent =
          part === 'media' || part === 'models' ? this.#placeOf(part) : path.dirname(this.#placeOf(part));
        return path.join(parent, `${STAGING_PREFIX}-${stamp}`);
      },
      put: async ({ selection, file }, { manifest }) =>
        selection.part === 'database'
          ? this.#replaceDatabase(file, { manifest, stamp, say: request.say })
          : moveOver(file, path.join(this.#placeOf(selection.part), selection.below)),
    });
  }

  async #restore(
    { snapshot, prefix, verify, say }: RestoreRequest,
    how: {
      readonly stagingOf: (selection: Selection) => string;
      readonly put: (fetched: Fetched, context: { manifest: Manifest }) => Promise<number>;
    },
  ): Promise<RestoreResult> {
    const manifest = await this.#restic.manifest(snapshot);
    const selections = select(manifest, normalPrefix(prefix));
    await this.#requireContent(snapshot, { selections, prefix });
    let files = 0;
    for (const selection of selections) {
      const { part, source, below } = selection;
      const staging = how.stagingOf(selection);
      say(`Restoring ${[part, below].filter(Boolean).join('/')}…`);
      try {
        await removeLeftStagings(path.dirname(staging));
        await makeFolder(staging, 0o711);
        await this.#restic.restore(snapshot.id, { source, target: staging, verify });
        files += await how.put({ selection, staging, file: path.join(staging, source) }, { manifest });
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    }
    const whole = selections.flatMap(({ part, below }) => (below === '' ? [part] : []));
    return { manifest, files, whole };
  }

  /** restic restores nothing, without an error, where the snapshot has nothing. */
  async #requireContent(
    { id, short_id }: Snapshot,
    { selections, prefix }: { readonly selections: readonly Selection[]; readonly prefix: string },
  ): Promise<void> {
    if (selections.every(({ below }) => below === '')) return;
    let found = 0;
    for (const { source } of selections) await this.#restic.list(id, [source], () => (found += 1));
    if (found > 0) return;
    throw new AppError('BACKUP_NOT_FOUND', {
      message: `Snapshot ${short_id} has nothing at "${prefix}"; "npm run backup -- list --snapshot ${short_id}" shows its files.`,
      details: { prefix },
    });
  }

  #placeOf(part: PartName): string {
    const { dataRoot, mediaFolder, modelsFolder, privateKey, publicKey } = this.#target;
    switch (part) {
      case 'media':
        return mediaFolder;
      case 'models':
        return modelsFolder;
      case 'keys/private.key':
        return privateKey;
      case 'keys/public.key':
        return publicKey;
      case 'database':
        return path.join(dataRoot, 'postgres');
    }
  }

  /** Prepares a restored cluster so that a server may be started on it. */
  async #makeStartable(folder: string): Promise<void> {
    const database = path.join(folder, 'database');
    if (!(await readdir(database)).includes(CLUSTER_FOLDER)) return;
    // The server's account must be able to pass the folders above its cluster, but not to list them.
    for (const above of [path.dirname(folder), folder, database]) await chmod(above, 0o711);
    await own(path.join(database, CLUSTER_FOLDER), this.#target.place());
  }

  async #replaceDatabase(
    file: string,
    { manifest, stamp, say }: { manifest: Manifest; stamp: string; say: (sentence: string) => void },
  ): Promise<number> {
    const { databaseUrl, dataRoot } = this.#target;
    const { kind, majorVersion } = manifest.database;
    if ((kind === 'dump') !== (databaseUrl !== null)) {
      throw new AppError('RESTORE_REFUSED', {
        message:
          kind === 'dump'
            ? 'This snapshot has a dump of an external database: set DATABASE_URL or DB_HOST, or restore with --mode preview.'
            : 'This snapshot has the embedded database: unset DATABASE_URL and DB_HOST, or restore with --mode preview.',
      });
    }
    if (databaseUrl !== null) {
      const folder = path.join(file, DUMP_FOLDER);
      const loaded = await loadDump({ url: databaseUrl, folder, majorVersion, stamp });
      const kept = await loaded.replacePresent();
      if (kept !== null) say(`The database so far is kept as "${kept}".`);
      return 1;
    }
    const place = this.#target.place();
    await requireMajorVersion(place, majorVersion);
    await endLeftOver(place);
    await makeFolder(path.dirname(place.dataDirectory));
    // Complete next to its place first, which may be on another disk than the data folder.
    const unfinished = `${place.dataDirectory}.restored`;
    await rm(unfinished, { recursive: true, force: true });
    await cp(path.join(file, CLUSTER_FOLDER), unfinished, { recursive: true });
    await own(unfinished, place);
    const kept = `${place.dataDirectory}.before-${stamp}`;
    if (await renamed(place.dataDirectory, kept)) say(`The database so far is kept in ${kept}.`);
    await rename(unfinished, place.dataDirectory);
    await moveOver(path.join(file, PASSWORD_FILE), path.join(dataRoot, PASSWORD_FILE));
    return 1;
  }
}
