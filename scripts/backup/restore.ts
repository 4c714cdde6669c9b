import path from 'node:path';
import { connectedProcesses, loadDump } from '../../src/backup/database-restore.js';
import { DUMP_FOLDER } from '../../src/backup/database-copy.js';
import type { Restic } from '../../src/backup/restic.js';
import {
  RestoreBackup,
  utcStamp,
  type RestoreRequest,
  type RestoreResult,
} from '../../src/backup/restore-backup.js';
import { isSound, verifyRestore, type VerifyReport } from '../../src/backup/verify-restore.js';
import { configuredDatabaseUrl } from '../../src/config/database.js';
import type { Settings } from '../../src/config/settings.js';
import { AppError } from '../../src/errors/app-error.js';
import { startEmbeddedPostgres } from '../../src/lifecycle/embedded-postgres.js';
import { lockFolder } from '../../src/lifecycle/folder-lock.js';
import { placePostgres } from '../../src/lifecycle/postgres-binaries.js';
import { say } from './output.js';

/** Options of the command. */
export interface RestoreOptions {
  readonly snapshot: string;
  readonly prefix: string;
  readonly mode: 'preview' | 'inplace';
  readonly verify: boolean;
}

/** Runs `work` with a database that a restore has written. */
type WithDatabase = (work: (url: string) => Promise<VerifyReport>) => Promise<VerifyReport>;

const onCluster =
  (dataRoot: string, database: string): WithDatabase =>
  async (work) => {
    const server = await startEmbeddedPostgres({ dataRoot, database });
    try {
      return await work(server.url);
    } finally {
      await server.stop();
    }
  };

function onDump(url: string, folder: string, majorVersion: number): WithDatabase {
  return async (work) => {
    const loaded = await loadDump({ url, folder, majorVersion, stamp: utcStamp() });
    try {
      return await work(loaded.url);
    } finally {
      await loaded.drop();
    }
  };
}

function describe(report: VerifyReport): void {
  const { rows, media, missing, different, damagedResults, wrongBalances, ledgerTooShort } = report;
  say(
    `Rows: ${Object.entries(rows)
      .map(([table, count]) => `${count} ${table}`)
      .join(', ')}.`,
  );
  say(`Media: ${media} checked by SHA-256, ${missing} missing, ${different} different.`);
  say(`${damagedResults} damaged results, ${wrongBalances} balances that differ from the ledger.`);
  if (ledgerTooShort) say('The ledger has fewer rows than when the backup began.');
  for (const problem of report.problems) say(`  ${problem}`);
}

async function verify(
  { manifest }: RestoreResult,
  { mediaFolder, withDatabase }: { readonly mediaFolder: string | null; readonly withDatabase: WithDatabase },
): Promise<void> {
  say('Verifying rows and files…');
  const report = await withDatabase((url) =>
    verifyRestore(url, { mediaFolder, ledgerRows: manifest.ledgerRows }),
  );
  describe(report);
  if (isSound(report)) return;
  throw new AppError('BACKUP_DAMAGED', {
    message: `The restored data are not complete: ${report.missing} media missing, ${report.different} different, ${report.damagedResults} results damaged.`,
  });
}

const restoredAll = ({ whole, manifest }: RestoreResult): boolean => whole.length === manifest.parts.length;

async function preview(
  restore: RestoreBackup,
  { request, settings }: { readonly request: RestoreRequest; readonly settings: Settings },
): Promise<number> {
  const folder = path.join(settings.folders.data, 'restores', utcStamp());
  const result = await restore.preview(request, folder);
  say(`${result.files} files in ${folder}.`);
  if (!request.verify || !restoredAll(result)) return 0;
  const { kind, majorVersion, name } = result.manifest.database;
  const url = configuredDatabaseUrl(settings);
  const database = path.join(folder, 'database');
  if (kind === 'dump' && url === null) {
    say('The rows were not counted: set DATABASE_URL to a server on which the dump may be loaded.');
    return 0;
  }
  const withDatabase =
    kind === 'dump' && url !== null
      ? onDump(url, path.join(database, DUMP_FOLDER), majorVersion)
      : onCluster(database, name);
  const mediaFolder = result.manifest.externalMedia === null ? path.join(folder, 'media') : null;
  await verify(result, { mediaFolder, withDatabase });
  return 0;
}

const refused = (where: string, cause?: unknown): AppError =>
  new AppError('RESTORE_REFUSED', {
    message: `InferNode runs ${where}: stop it first, or restore with --mode preview.`,
    cause,
  });

async function inPlace(
  restore: RestoreBackup,
  { request, settings }: { readonly request: RestoreRequest; readonly settings: Settings },
): Promise<number> {
  // Nothing can start on the folder until the lock is released.
  const lock = await lockFolder(settings.folders.data).catch((cause: unknown) => {
    if (!(cause instanceof AppError) || cause.code !== 'DATA_FOLDER_IN_USE') throw cause;
    throw refused(`on ${settings.folders.data}`, cause);
  });
  try {
    const url = configuredDatabaseUrl(settings);
    const running = url === null ? [] : await connectedProcesses(url);
    if (running.length > 0) throw refused(`on this database (${running.join(', ')})`);
    const result = await restore.inPlace(request);
    say(`${result.files} files restored in place.`);
    if (!request.verify || !restoredAll(result)) return 0;
    const withDatabase: WithDatabase =
      url === null ? onCluster(settings.folders.data, result.manifest.database.name) : (work) => work(url);
    const mediaFolder = result.manifest.externalMedia === null ? settings.folders.media : null;
    await verify(result, { mediaFolder, withDatabase });
    return 0;
  } finally {
    lock.release();
  }
}

/** Restores a snapshot or a part of it. */
export async function restore(restic: Restic, settings: Settings, options: RestoreOptions): Promise<number> {
  const { folders, token } = settings;
  const restorer = new RestoreBackup(restic, {
    dataRoot: folders.data,
    mediaFolder: folders.media,
    modelsFolder: folders.models,
    privateKey: token.privateKeyPath,
    publicKey: token.publicKeyPath,
    databaseUrl: configuredDatabaseUrl(settings),
    place: () => placePostgres(folders.data),
  });
  const snapshot = await restic.snapshot(options.snapshot);
  say(`Snapshot ${snapshot.short_id} of ${snapshot.time.slice(0, 19)}Z.`);
  const request: RestoreRequest = { snapshot, prefix: options.prefix, verify: options.verify, say };
  return options.mode === 'preview'
    ? preview(restorer, { request, settings })
    : inPlace(restorer, { request, settings });
}
