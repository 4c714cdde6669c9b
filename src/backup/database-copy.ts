import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { AppError } from '../errors/app-error.js';
import { readDiskRoom } from '../storage/disk-space.js';
import { bytesBelow, copyClusterFiles, copyWal } from './cluster-files.js';
import { postgresProgram } from './postgres-programs.js';
import { lastMessages, runProgram } from './program.js';

/** Folder of the cluster in the database part of a snapshot. */
export const CLUSTER_FOLDER = 'postgres';
/** Password of the cluster, next to it. */
export const PASSWORD_FILE = 'postgres.password';
/** Archive of pg_dump in the database part of a snapshot. */
export const DUMP_FOLDER = 'dump';

/** Space that must remain: WAL and uploads of the meantime. */
const SPARE_BYTES = 512 * 2 ** 20;

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { free } = await readDiskRoom(folder);
  const needed = bytes + SPARE_BYTES;
  if (free >= needed) return;
  const gib = (value: number) => `${(value / 2 ** 30).toFixed(1)} GiB`;
  throw new AppError('BACKUP_FAILED', {
    message: `The copy of the database needs ${gib(needed)} in ${folder}, which has ${gib(free)} free.`,
    details: { freeBytes: free, neededBytes: needed },
  });
}

/** The first WAL segment that recovery reads, from the label of a base backup. */
function firstSegment(label: string): string {
  const segment = /^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/m.exec(label)?.[1];
  if (segment === undefined) throw new Error('The label of the base backup names no WAL segment.');
  return segment;
}

/**
 * Makes a base backup of the embedded cluster while it runs, with the WAL that recovery needs: the state of the moment
 * at which this function ends. The npm package contains no pg_basebackup, so this is PostgreSQL's low-level API.
 * @param client a session of its own; it must stay open until the function ends
 * @param passwordFile the cluster's password, without which nobody could connect to the copy
 */
export async function copyCluster(
  client: pg.Client,
  { target, passwordFile }: { readonly target: string; readonly passwordFile: string },
): Promise<void> {
  const { rows: places } = await client.query<{ data_directory: string }>('SHOW data_directory');
  const source = places[0].data_directory;
  await requireRoom(target, await bytesBelow(source));
  // Keeps the WAL of the meantime; it ends with the session.
  await client.query(
    "SELECT pg_create_physical_replication_slot('infernode_backup_' || pg_backend_pid(), true, true)",
  );
  await client.query("SELECT pg_backup_start('infernode', true)");
  const cluster = path.join(target, CLUSTER_FOLDER);
  await copyClusterFiles(source, cluster);
  const { rows } = await client.query<{ labelfile: string; last: string }>(
    'SELECT labelfile, pg_walfile_name(lsn) AS last FROM pg_backup_stop(false)',
  );
  const { labelfile, last } = rows[0];
  await copyWal(source, cluster, { first: firstSegment(labelfile), last });
  await writeFile(path.join(cluster, 'backup_label'), labelfile, { mode: 0o600 });
  await writeFile(path.join(target, PASSWORD_FILE), await readFile(passwordFile), { mode: 0o600 });
}

/**
 * Dumps a database by pg_dump, in one transaction: the state of the moment at which it begins. The archive is not
 * compressed, so that unchanged rows are found again in the repository.
 */
export async function dumpDatabase(
  url: string,
  { target, majorVersion }: { readonly target: string; readonly majorVersion: number },
): Promise<void> {
  const { command, env, remedy } = await postgresProgram('pg_dump', { url, majorVersion });
  const end = await runProgram({
    command,
    args: [
      ...['--format=directory', '--compress=0', '--no-owner', '--no-privileges', '--no-unlogged-table-data'],
      ...['--no-password', `--file=${path.join(target, DUMP_FOLDER)}`],
    ],
    env,
    remedy,
  });
  if (end.status !== 0) {
    throw new AppError('BACKUP_FAILED', { message: `pg_dump failed: ${lastMessages(end)}` });
  }
}
