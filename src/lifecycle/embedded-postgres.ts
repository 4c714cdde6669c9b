import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { placePostgres, type PostgresPlace } from './postgres-binaries.js';

/** A running server of ours. */
export interface EmbeddedPostgres {
  /** URL of the application's database. */
  readonly url: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
  stop(): Promise<void>;
}

/** What may be chosen. */
export interface EmbeddedPostgresOptions {
  /** Folder below which the cluster and postgres.json live. */
  readonly dataRoot: string;
  readonly database: string;
  readonly log?: (line: string) => void;
}

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
/** The server needs no setting of the caller's environment. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The server dies with us also when we are killed: the kernel sends it the signal of a fast shutdown (Linux). */
function dieWithParent(): readonly string[] {
  return spawnSync('setpriv', ['--pdeathsig', 'INT', 'true']).status === 0
    ? ['setpriv', '--pdeathsig', 'INT']
    : [];
}

/** A port that is free now; taken by the server at once. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function own(file: string, { account }: PostgresPlace): void {
  if (account) chownSync(file, account.uid, account.gid);
}

function processOptions({ account, dataDirectory }: PostgresPlace) {
  // The server looks up its own working directory, which the caller's need not allow.
  return { cwd: dataDirectory, env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC' }, ...account };
}

/** Makes the cluster once; a half-made one of an interrupted first start is removed and made again. */
function initialise(place: PostgresPlace, passwordFile: string): void {
  const { dataDirectory, native } = place;
  if (existsSync(path.join(dataDirectory, 'PG_VERSION')) && existsSync(passwordFile)) return;
  rmSync(dataDirectory, { recursive: true, force: true });
  // The mode of a recursive mkdir would also close the folders above, which the server has to pass.
  mkdirSync(path.dirname(dataDirectory), { recursive: true });
  mkdirSync(dataDirectory, { mode: 0o700 });
  own(dataDirectory, place);
  const password = randomBytes(24).toString('base64url');
  const handover = path.join(path.dirname(dataDirectory), `.pwfile-${process.pid}`);
  writeFileSync(handover, `${password}\n`, { mode: 0o600 });
  own(handover, place);
  const args = [
    '-D',
    dataDirectory,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '-E',
    'UTF8',
    '--locale=C',
    `--pwfile=${handover}`,
  ];
  const made = spawnSync(path.join(native, 'bin', 'initdb'), args, {
    ...processOptions(place),
    encoding: 'utf8',
  });
  rmSync(handover, { force: true });
  if (made.status !== 0) {
    rmSync(dataDirectory, { recursive: true, force: true });
    throw new Error(
      `PostgreSQL could not make its cluster: ${made.stderr || (made.error?.message ?? 'unknown reason')}`,
    );
  }
  writeFileSync(passwordFile, password, { mode: 0o600 });
}

/** Ends a server that an earlier, killed stack left on this cluster. */
async function endLeftOver({ dataDirectory }: PostgresPlace): Promise<void> {
  const pidFile = path.join(dataDirectory, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const [pid, directory] = readFileSync(pidFile, 'utf8').split('\n');
  const alive = () => {
    try {
      process.kill(Number(pid), 0);
      return commandLine(Number(pid)).includes('postgres');
    } catch {
      return false;
    }
  };
  // The pid may by now belong to somebody else: only a postgres on this very directory is ours to end.
  if (directory !== dataDirectory || !alive()) return;
  process.kill(Number(pid), 'SIGINT');
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (alive() && Date.now() < deadline) await delay(50);
  if (alive()) process.kill(Number(pid), 'SIGQUIT');
  while (alive() && Date.now() < deadline + STOP_DEADLINE_MS) await delay(50);
}

function commandLine(pid: number): string {
  if (existsSync(`/proc/${pid}/cmdline`)) return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

async function waitUntilReady(
  adminUrl: string,
  server: ChildProcess,
  lastLines: () => string,
): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null) {
      throw new Error(`PostgreSQL ended while starting: ${lastLines()}`);
    }
    const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 1000 });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (cause) {
      await client.end().catch(() => undefined);
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${lastLines()}`, { cause });
      await delay(50);
    }
  }
}

async function ensureDatabase(adminUrl: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

/**
 * Starts the PostgreSQL of the npm package on a random loopback port and writes its URL to `<dataRoot>/postgres.json`
 * (mode 0600), where the database scripts find it.
 * @throws Error with the server's own words when it cannot start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataRoot, database } = options;
  mkdirSync(dataRoot, { recursive: true });
  const place = placePostgres(dataRoot);
  const passwordFile = path.join(dataRoot, 'postgres.password');
  await endLeftOver(place);
  initialise(place, passwordFile);
  const port = await freePort();
  const server = spawnServer(place, port);
  const tail: string[] = [];
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail.push(text);
    tail.splice(0, tail.length - 20);
    options.log?.(text.trimEnd());
  });
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const base = `postgres://postgres:${encodeURIComponent(readFileSync(passwordFile, 'utf8'))}@127.0.0.1:${port}`;
  await waitUntilReady(`${base}/postgres`, server, () => tail.join(''));
  await ensureDatabase(`${base}/postgres`, database);
  const url = `${base}/${encodeURIComponent(database)}`;
  const urlFile = path.join(dataRoot, 'postgres.json');
  writeFileSync(urlFile, JSON.stringify({ url }), { mode: 0o600 });
  chmodSync(urlFile, 0o600);
  return { url, exited, stop: () => stopServer(server, exited, urlFile) };
}

function spawnServer(place: PostgresPlace, port: number): ChildProcess {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '128MB',
    log_min_messages: 'warning',
    log_timezone: 'UTC',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [
    ...dieWithParent(),
    path.join(place.native, 'bin', 'postgres'),
    '-D',
    place.dataDirectory,
    ...flags,
  ];
  return spawn(command[0], command.slice(1), {
    ...processOptions(place),
    stdio: ['ignore', 'ignore', 'pipe'],
    // Ctrl-C in a terminal goes to the whole process group: the database must outlive those who still write to it.
    detached: true,
  });
}

async function stopServer(server: ChildProcess, exited: Promise<void>, urlFile: string): Promise<void> {
  server.kill('SIGINT');
  const late = setTimeout(() => server.kill('SIGQUIT'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(late);
  rmSync(urlFile, { force: true });
}
