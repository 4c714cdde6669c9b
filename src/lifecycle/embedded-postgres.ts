import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { placePostgres, type PostgresPlace } from './postgres-binaries.js';
import { endLeftOver, prepareCluster, processOptions } from './postgres-cluster.js';
import { makeDataFolder } from './private-files.js';

/** A running embedded PostgreSQL server. */
export interface EmbeddedPostgres {
  /** URL of the application's database, which may not exist yet. */
  readonly url: string;
  /** Resolves when the server has ended and is not restarted: it was stopped, or crashed too often. */
  readonly exited: Promise<void>;
  /** Fast shutdown: open transactions are rolled back, and everything committed is on disk. */
  stop(): Promise<void>;
}

/** Options of {@link startEmbeddedPostgres}. */
export interface EmbeddedPostgresOptions {
  /** Folder that contains the cluster and postgres.json; the caller holds its lock (`lockFolder`). */
  readonly dataRoot: string;
  readonly database: string;
  readonly log?: (line: string) => void;
  /** Receives a sentence when the server has crashed and when it is available again. */
  readonly say?: (sentence: string) => void;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
}

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const POLL_MS = 10;
/**
 * Maximum number of consecutive crashes before giving up; a server that ran for `STABLE_MS` resets the count.
 */
const MAX_RESTARTS = 5;
const STABLE_MS = 60_000;
const RESTART_DEADLINE_MS = 30_000;
const RESTART_PAUSE_MS = 200;
/** Attempts to find a port, because another program may take a free port first. */
const PORT_ATTEMPTS = 3;

/**
 * Settings for a small product on one machine: no unneeded server processes, and a small cache. Everything
 * that affects durability has its default.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  // Reads are served by the page cache, so worker processes for them would cost more memory than they save
  // time.
  io_method: 'sync',
  // Memory for concurrent reads is allocated for every possible connection, but only I/O workers would use
  // it.
  io_max_concurrency: '4',
  autovacuum_worker_slots: '3',
  max_logical_replication_workers: '0',
  // Compiling a plan takes longer than these statements.
  jit: 'off',
  log_min_messages: 'warning',
  log_timezone: 'UTC',
};

/**
 * Makes the kernel send the signal of a fast shutdown to the server when this process dies, even if it is
 * killed (Linux).
 */
function dieWithParent(): readonly string[] {
  return spawnSync('setpriv', ['--pdeathsig', 'INT', 'true']).status === 0
    ? ['setpriv', '--pdeathsig', 'INT']
    : [];
}

/** A port that is currently free. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

interface ServerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly exited: Promise<void>;
  lastLines(): string;
}

function spawnServer(place: PostgresPlace, port: number, log?: (line: string) => void): ServerProcess {
  const flags = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const command = [
    ...dieWithParent(),
    path.join(place.native, 'bin', 'postgres'),
    '-D',
    place.dataDirectory,
    ...flags,
  ];
  const child = spawn(command[0], command.slice(1), {
    ...processOptions(place),
    stdio: ['ignore', 'ignore', 'pipe'],
    // Ctrl-C in a terminal signals the whole process group, but the database must outlive the processes that
    // still write to it.
    detached: true,
  });
  const tail: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail.push(text);
    tail.splice(0, tail.length - 20);
    log?.(text.trimEnd());
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      tail.push(error.message);
      resolve();
    });
  });
  return { child, port, exited, lastLines: () => tail.join('') };
}

/** Whether the server is ready, according to line eight of its pid file, which `pg_ctl` reads too. */
function isReady({ dataDirectory }: PostgresPlace, { child, port }: ServerProcess): boolean {
  const file = path.join(dataDirectory, 'postmaster.pid');
  if (!existsSync(file)) return false;
  const lines = readFileSync(file, 'utf8').split('\n');
  return Number(lines[0]) === child.pid && Number(lines[3]) === port && lines[7]?.trim() === 'ready';
}

/** @returns whether the server is ready; false when another program took its port */
async function untilReady(
  place: PostgresPlace,
  server: ServerProcess,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + START_DEADLINE_MS;
  let ended = false;
  void server.exited.then(() => (ended = true));
  while (!isReady(place, server)) {
    if (ended) {
      if (/Address already in use/.test(server.lastLines())) return false;
      throw new Error(`PostgreSQL ended while starting: ${server.lastLines()}`);
    }
    if (Date.now() > deadline || signal?.aborted) {
      server.child.kill('SIGQUIT');
      await server.exited;
      signal?.throwIfAborted();
      throw new Error(`PostgreSQL did not start within ${START_DEADLINE_MS / 1000} s: ${server.lastLines()}`);
    }
    await delay(POLL_MS);
  }
  return true;
}

async function startServer(
  place: PostgresPlace,
  { log, signal }: EmbeddedPostgresOptions,
): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const server = spawnServer(place, await freePort(), log);
    if (await untilReady(place, server, signal)) return server;
    if (attempt === PORT_ATTEMPTS) throw new Error(`PostgreSQL found no free port: ${server.lastLines()}`);
  }
}

const passwordFileOf = (dataRoot: string): string => path.join(dataRoot, 'postgres.password');

/** Whether a data folder contains a database from an earlier start. */
export function hasEmbeddedDatabase(dataRoot: string): boolean {
  return existsSync(passwordFileOf(dataRoot));
}

/**
 * Starts the PostgreSQL of the npm package on a random loopback port and writes its URL to
 * `<dataRoot>/postgres.json` (mode 0600), where the database scripts find it.
 * @throws Error with the server's own messages when it cannot start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataRoot, database, signal } = options;
  makeDataFolder(dataRoot);
  const place = placePostgres(dataRoot);
  const passwordFile = passwordFileOf(dataRoot);
  const urlFile = path.join(dataRoot, 'postgres.json');
  rmSync(urlFile, { force: true });
  await endLeftOver(place);
  await prepareCluster(place, passwordFile, signal);
  const server = await startServer(place, options);
  const { port } = server;
  const password = encodeURIComponent(readFileSync(passwordFile, 'utf8').trim());
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  writeFileSync(urlFile, JSON.stringify({ url }), { mode: 0o600 });
  chmodSync(urlFile, 0o600);
  const kept = new KeptServer(place, options, server);
  return {
    url,
    exited: kept.exited,
    stop: async () => {
      await kept.stop();
      rmSync(urlFile, { force: true });
    },
  };
}

/** Restarts a crashed server on the same port, so that its URL stays valid. */
class KeptServer {
  readonly exited: Promise<void>;
  #server: ServerProcess;
  #stopping = false;

  readonly #place: PostgresPlace;
  readonly #options: EmbeddedPostgresOptions;

  constructor(place: PostgresPlace, options: EmbeddedPostgresOptions, server: ServerProcess) {
    this.#place = place;
    this.#options = options;

    this.#server = server;
    this.exited = this.#keep();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#server.child.kill('SIGINT');
    const late = setTimeout(() => this.#server.child.kill('SIGQUIT'), STOP_DEADLINE_MS);
    await this.exited;
    clearTimeout(late);
  }

  async #keep(): Promise<void> {
    const say = this.#options.say ?? (() => undefined);
    for (let deaths = 0; ;) {
      const startedAt = Date.now();
      await this.#server.exited;
      if (this.#stopping) return;
      deaths = Date.now() - startedAt > STABLE_MS ? 1 : deaths + 1;
      if (deaths > MAX_RESTARTS) return say(`PostgreSQL ended ${deaths} times in a row.`);
      say('PostgreSQL ended; restarting…');
      if (!(await this.#restart())) return;
      say('PostgreSQL is available again.');
    }
  }

  /**
   * Restarts the server. The remaining processes of a killed server hold its shared memory for a moment, and
   * until then a new one exits immediately.
   */
  async #restart(): Promise<boolean> {
    const { port } = this.#server;
    const deadline = Date.now() + RESTART_DEADLINE_MS;
    while (!this.#stopping) {
      this.#server = spawnServer(this.#place, port, this.#options.log);
      if (await untilReady(this.#place, this.#server).catch(() => false)) return true;
      if (Date.now() > deadline) {
        this.#options.say?.(`PostgreSQL could not be restarted: ${this.#server.lastLines().trim()}`);
        return false;
      }
      await delay(RESTART_PAUSE_MS);
    }
    return false;
  }
}
