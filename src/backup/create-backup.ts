import { access, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { AppError } from '../errors/app-error.js';
import { makeFolder } from '../storage/folders.js';
import { holdFiles } from './held-files.js';
import { copyCluster, dumpDatabase } from './database-copy.js';
import { MANIFEST_FILE, STAGING_NAME, type Manifest, type PartName } from './manifest.js';
import type { BackupSummary, Restic } from './restic.js';

/** What to back up. */
export interface BackupSource {
  /** Data folder; the copy of the database is staged in it. */
  readonly dataRoot: string;
  readonly databaseUrl: string;
  /** Whether the database is the embedded one. */
  readonly embedded: boolean;
  /** Root of the blob store; null when the media are in `externalMedia`. */
  readonly mediaFolder: string | null;
  readonly externalMedia: string | null;
  readonly modelsFolder: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly version: string;
}

/** A finished backup. */
export interface BackupResult extends BackupSummary {
  /** Media whose file was missing before the backup. */
  readonly lostMedia: number;
}

/** Receives what happens. */
export interface BackupObserver {
  say(sentence: string): void;
  progress(share: number): void;
}

/** Unfinished copies and probes of the blob store; they were never readable under a key. */
const EXCLUDES = ['*.part', '.write-probe-*'];

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

interface DatabaseFacts {
  readonly majorVersion: number;
  readonly name: string;
  readonly ledgerRows: number;
}

async function readFacts(client: pg.Client): Promise<DatabaseFacts> {
  const { rows } = await client.query<{ version: number; name: string; ledger: number }>(
    `SELECT current_setting('server_version_num')::int AS version, current_database() AS name,
       (SELECT count(*)::int FROM credit_transactions) AS ledger`,
  );
  const { version, name, ledger } = rows[0];
  return { majorVersion: Math.floor(version / 10_000), name, ledgerRows: ledger };
}

/** Parts of the snapshot that exist, besides the staged database. */
async function filesOf(source: BackupSource): Promise<{ name: PartName; path: string }[]> {
  const { mediaFolder, modelsFolder, privateKey, publicKey } = source;
  const places: [PartName, string | null][] = [
    ['media', mediaFolder],
    ['models', modelsFolder],
    ['keys/private.key', privateKey],
    ['keys/public.key', publicKey],
  ];
  const found: { name: PartName; path: string }[] = [];
  for (const [name, place] of places) {
    // A link would be stored as a link.
    if (place !== null && (await exists(place))) found.push({ name, path: await realpath(place) });
  }
  return found;
}

/**
 * Stores a consistent snapshot of database, media, networks and keys while everything runs. The database comes first,
 * and no file that one of its rows may name is removed until the files have been read: so every row has its file.
 * @throws AppError BACKUP_BUSY, BACKUP_FAILED, and those of {@link Restic}
 */
export async function createBackup(
  source: BackupSource,
  { restic, observer }: { readonly restic: Restic; readonly observer: BackupObserver },
): Promise<BackupResult> {
  // Fails now rather than after the copy of the database.
  await restic.snapshots();
  const staging = path.join(await realpath(source.dataRoot), 'backup', STAGING_NAME);
  const client = new pg.Client({
    connectionString: source.databaseUrl,
    application_name: 'infernode-backup',
    keepAlive: true,
  });
  // Without a handler a lost connection would end the process; the next query fails.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await holdFiles(client);
    // One that was killed left its copy; nobody else uses it, because of the lock.
    await rm(staging, { recursive: true, force: true });
    const parts = [
      ...(await filesOf(source)),
      { name: 'database' as const, path: path.join(staging, 'database') },
    ];
    const manifest = await stageDatabase(source, { client, staging, parts, observer });
    const mediaFolder = parts.find(({ name }) => name === 'media')?.path ?? null;
    const keys = await storageKeys(client, mediaFolder);
    observer.say('Storing the files…');
    const paths = [
      staging,
      ...manifest.parts.filter(({ name }) => name !== 'database').map((part) => part.path),
    ];
    const summary = await restic.backup(paths, {
      excludes: EXCLUDES,
      onProgress: (share) => observer.progress(share),
    });
    const lostMedia = await requireFiles(restic, { summary, keys, mediaFolder });
    // Files that are not on disk are elsewhere.
    const elsewhere = source.externalMedia !== null;
    return { ...summary, lostMedia: elsewhere ? 0 : lostMedia };
  } finally {
    await client.end().catch(() => undefined);
    await rm(staging, { recursive: true, force: true });
  }
}

interface Staging {
  readonly client: pg.Client;
  readonly staging: string;
  readonly parts: Manifest['parts'];
  readonly observer: BackupObserver;
}

async function stageDatabase(
  source: BackupSource,
  { client, staging, parts, observer }: Staging,
): Promise<Manifest> {
  const target = path.join(staging, 'database');
  await makeFolder(staging, 0o700);
  await mkdir(target, { mode: 0o700 });
  const { majorVersion, name, ledgerRows } = await readFacts(client);
  const createdAt = new Date().toISOString();
  observer.say(source.embedded ? 'Copying the database…' : 'Dumping the database…');
  if (source.embedded) {
    await copyCluster(client, { target, passwordFile: path.join(source.dataRoot, 'postgres.password') });
  } else await dumpDatabase(source.databaseUrl, { target, majorVersion });
  const manifest: Manifest = {
    format: 1,
    version: source.version,
    createdAt,
    database: { kind: source.embedded ? 'cluster' : 'dump', majorVersion, name },
    parts,
    ledgerRows,
    externalMedia: source.externalMedia,
  };
  await writeFile(path.join(staging, MANIFEST_FILE), JSON.stringify(manifest, null, 2), { mode: 0o600 });
  return manifest;
}

/** Keys of the files that rows name; none when the snapshot does not contain the files. */
async function storageKeys(client: pg.Client, mediaFolder: string | null): Promise<ReadonlySet<string>> {
  if (mediaFolder === null) return new Set();
  const { rows } = await client.query<{ key: string }>('SELECT DISTINCT storage_key AS key FROM media');
  return new Set(rows.map(({ key }) => key));
}

/**
 * Requires that the new snapshot has a file for each row. One without is removed again, so that the newest snapshot is
 * always complete.
 * @returns number of files that were missing before the backup
 */
async function requireFiles(
  restic: Restic,
  stored: { summary: BackupSummary; keys: ReadonlySet<string>; mediaFolder: string | null },
): Promise<number> {
  const { summary, keys, mediaFolder } = stored;
  if (mediaFolder === null || keys.size === 0) return 0;
  const missing = new Set(keys);
  await restic.list(summary.snapshotId, [mediaFolder], (node) =>
    missing.delete(path.posix.basename(node.path)),
  );
  const unstored: string[] = [];
  for (const key of missing) {
    if (await exists(path.join(mediaFolder, key.slice(-2), key))) unstored.push(key);
  }
  if (unstored.length === 0) return missing.size;
  await restic.forget(summary.snapshotId);
  throw new AppError('BACKUP_FAILED', {
    message: `${unstored.length} media files could not be stored, such as ${unstored[0]}; the snapshot was removed. ${summary.unread}`,
    details: { files: unstored.length },
  });
}
