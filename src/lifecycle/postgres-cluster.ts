import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolderSync } from '../storage/folders.js';
import type { PostgresPlace } from './postgres-binaries.js';
import { runningServer } from './running-server.js';

const STOP_DEADLINE_MS = 20_000;
/** The server needs no variables of the caller's environment. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Account, environment and working directory of the server and its tools. */
export function processOptions({ account, dataDirectory }: PostgresPlace) {
  // The server accesses its working directory, so the caller's cannot be used: the account may lack
  // permission.
  const cwd = existsSync(dataDirectory) ? dataDirectory : path.dirname(dataDirectory);
  return { cwd, env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC' }, ...account };
}

function own(file: string, { account }: PostgresPlace): void {
  if (account) chownSync(file, account.uid, account.gid);
}

async function runInitdb(
  place: PostgresPlace,
  { target, passwordFile }: { readonly target: string; readonly passwordFile: string },
  signal?: AbortSignal,
) {
  const args = ['-D', target, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C'];
  // No sync here: the server syncs from its first checkpoint on, and a cluster that a power failure damages
  // within its first second contains no data.
  const child = spawn(
    path.join(place.native, 'bin', 'initdb'),
    [...args, '--no-instructions', '--no-sync', `--pwfile=${passwordFile}`],
    { ...processOptions(place), cwd: target, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      words += error.message;
      resolve(null);
    });
    child.once('close', resolve);
  });
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  if (code !== 0) throw new Error(`PostgreSQL could not create its cluster: ${words || 'unknown reason'}`);
}

/** Creates a cluster next to its place and moves it there when it is complete. */
async function makeCluster(place: PostgresPlace, passwordFile: string, signal?: AbortSignal): Promise<void> {
  const { dataDirectory } = place;
  const unfinished = `${dataDirectory}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  // The mode of a recursive mkdir would also apply to the folders above, which the server must be able to
  // traverse.
  makeFolderSync(path.dirname(dataDirectory));
  mkdirSync(unfinished, { mode: 0o700 });
  own(unfinished, place);
  const password = randomBytes(24).toString('base64url');
  const handover = `${dataDirectory}.pwfile`;
  rmSync(handover, { force: true });
  writeFileSync(handover, `${password}\n`, { mode: 0o600 });
  own(handover, place);
  try {
    await runInitdb(place, { target: unfinished, passwordFile: handover }, signal);
    writeFileSync(passwordFile, password, { mode: 0o600 });
    renameSync(unfinished, dataDirectory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(handover, { force: true });
  }
}

/** Sets a new password for a cluster whose password is lost; its data is kept. */
function replacePassword(place: PostgresPlace, passwordFile: string): void {
  const password = randomBytes(24).toString('base64url');
  const { status, stderr } = spawnSync(
    path.join(place.native, 'bin', 'postgres'),
    ['--single', '-D', place.dataDirectory, 'postgres'],
    {
      ...processOptions(place),
      input: `ALTER USER postgres PASSWORD '${password}';\n`,
      encoding: 'utf8',
    },
  );
  if (status !== 0) {
    throw new Error(
      `${passwordFile} is missing and PostgreSQL's password could not be replaced; the data is unchanged: ${stderr}`,
    );
  }
  writeFileSync(passwordFile, password, { mode: 0o600 });
}

/**
 * Creates the cluster if there is none. An existing one is never removed, except in the system folder when
 * its data folder was deleted: the files that its rows refer to, and its password, are gone then.
 */
export async function prepareCluster(
  place: PostgresPlace,
  passwordFile: string,
  signal?: AbortSignal,
): Promise<void> {
  const { dataDirectory } = place;
  const complete = existsSync(path.join(dataDirectory, 'PG_VERSION'));
  if (complete && existsSync(passwordFile)) return;
  const inDataFolder = path.dirname(dataDirectory) === path.dirname(passwordFile);
  if (complete && inDataFolder) return replacePassword(place, passwordFile);
  rmSync(dataDirectory, { recursive: true, force: true });
  await makeCluster(place, passwordFile, signal);
}

/**
 * Stops a server that an earlier, killed process left running on this cluster; the caller holds the lock of
 * the data folder.
 */
export async function endLeftOver({ dataDirectory }: PostgresPlace): Promise<void> {
  const pid = runningServer(dataDirectory);
  if (pid === null) return;
  const ended = async (deadlineMs: number) => {
    const deadline = Date.now() + deadlineMs;
    while (runningServer(dataDirectory) === pid && Date.now() < deadline) await delay(20);
    return runningServer(dataDirectory) !== pid;
  };
  process.kill(pid, 'SIGINT');
  if (await ended(STOP_DEADLINE_MS)) return;
  process.kill(pid, 'SIGQUIT');
  await ended(STOP_DEADLINE_MS);
}
