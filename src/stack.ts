import { fileURLToPath } from 'node:url';
import { requireFolders } from './composition/require-folders.js';
import { configuredDatabaseUrl } from './config/database.js';
import { bundledModule } from './supervision/bundled-module.js';
import type { Settings } from './config/settings.js';
import { smallHeapEnvironment } from './config/engine-environment.js';
import { childEnvironment, loadSettings } from './config/load.js';
import { messageOf } from './errors/app-error.js';
import {
  FOR_STACK,
  HEAP_ARGUMENTS,
  runOnce,
  superviseProcess,
  type OneTimeProcess,
  type SupervisedProcess,
} from './supervision/child-process.js';
import {
  hasEmbeddedDatabase,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './lifecycle/embedded-postgres.js';
import { collectGarbageOfStart } from './lifecycle/collect-garbage.js';
import { lockFolder, type FolderLock } from './lifecycle/folder-lock.js';
import { requireFreePort } from './lifecycle/listen.js';
import { stopRequest } from './lifecycle/stop-signals.js';

/** Running database, api and worker. */
export interface Stack {
  /** Base URL of the api. */
  readonly url: string;
  /** Resolves when a part that cannot be restarted has ended by itself. */
  readonly broken: Promise<Error>;
  /** Stops worker, api and database in this order, within 30 s. */
  stop(): Promise<void>;
}

/** Time for running jobs and requests to finish before the database is stopped. */
const STOP_DEADLINE_MS = 20_000;

type Say = (line: string) => void;

/** Start options of a stack. */
export interface StackStart {
  readonly say: Say;
  /** Aborts the start; parts already running are stopped. */
  readonly signal?: AbortSignal;
}

/** A child process of the stack. */
interface StackChild {
  readonly module: string;
  /** When it may continue after loading its modules. */
  readonly permission: Promise<void>;
  /** Additional environment variables. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A promise with a function that resolves it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/**
 * Starts the parts of a stack. Api and worker load their modules while the database starts; the api continues when the
 * database is ready and migrates its tables, the worker when the api is listening. The tables of a new database are
 * created by a separate child process.
 */
class StackParts {
  readonly #processes: SupervisedProcess[] = [];
  #postgres: EmbeddedPostgres | null = null;
  #migrator: OneTimeProcess | null = null;
  /** Settings for restarted children: keeps a free port once it has been chosen. */
  #pinned: Readonly<Record<string, string>> = {};

  readonly #settings: Settings;
  readonly #lock: FolderLock;
  readonly #start: StackStart;

  constructor(settings: Settings, lock: FolderLock, start: StackStart) {
    this.#settings = settings;
    this.#lock = lock;
    this.#start = start;
  }

  async run(): Promise<Stack> {
    const [database, tables, api] = [gate(), gate(), gate()];
    const apiProcess = this.#fork('api', { module: './server.js', permission: tables.opened });
    const worker = this.#fork('worker', {
      module: './workers/main.js',
      permission: api.opened,
      variables: smallHeapEnvironment(),
    });
    if (configuredDatabaseUrl(this.#settings) === null) {
      this.#createTables(database.opened);
      await this.#startDatabase();
    }
    database.open();
    await this.#unlessAborted(this.#migrator?.done ?? Promise.resolve());
    tables.open();
    const { host, port } = this.#settings.http;
    const { url = `http://${host}:${port}` } = await this.#unlessAborted(apiProcess.ready);
    this.#lock.announce(url);
    this.#pinned = { PORT: new URL(url).port || String(port), PORT_FILE: '' };
    api.open();
    await this.#unlessAborted(worker.ready);
    const broken = this.#postgres
      ? this.#postgres.exited.then(() => new Error('the embedded PostgreSQL ended'))
      : new Promise<Error>(() => undefined);
    return { url, broken, stop: () => this.stop() };
  }

  async stop(): Promise<void> {
    this.#migrator?.stop();
    await Promise.all(this.#processes.map((process) => process.stop(STOP_DEADLINE_MS)));
    await this.#postgres?.stop();
    this.#lock.release();
  }

  #fork(name: string, { module, permission, variables = {} }: StackChild): SupervisedProcess {
    const supervised = superviseProcess({
      name,
      modulePath: bundledModule(fileURLToPath(new URL(module, import.meta.url))),
      args: [FOR_STACK],
      execArgv: HEAP_ARGUMENTS,
      env: () => childEnvironment({ ...variables, DATA_DIR: this.#settings.folders.data, ...this.#pinned }),
      log: this.#start.say,
      permission,
    });
    this.#processes.push(supervised);
    return supervised;
  }

  #createTables(permission: Promise<void>): void {
    const { data } = this.#settings.folders;
    if (hasEmbeddedDatabase(data)) return;
    this.#migrator = runOnce({
      name: 'creation of the tables',
      modulePath: fileURLToPath(new URL('./migrator.js', import.meta.url)),
      env: () => childEnvironment({ DATA_DIR: data }),
      permission,
    });
  }

  async #startDatabase(): Promise<void> {
    const dataRoot = this.#settings.folders.data;
    const database = this.#settings.database.name;
    this.#start.say(`Starting PostgreSQL in ${dataRoot}…`);
    this.#postgres = await startEmbeddedPostgres({
      dataRoot,
      database,
      signal: this.#start.signal,
      say: this.#start.say,
    });
  }

  /** Rejects when the start is aborted, so that it does not wait for a part that will never be ready. */
  async #unlessAborted<Value>(result: Promise<Value>): Promise<Value> {
    const { signal } = this.#start;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    signal?.throwIfAborted();
    return Promise.race([result, aborted]);
  }
}

/**
 * Starts the embedded PostgreSQL (unless another database is configured), and runs api and worker as children that are
 * restarted when they die. Fails before starting anything when the data folder or a port is in use, or a folder is not
 * writable.
 * @throws AppError DATA_FOLDER_IN_USE, DATA_FOLDER_UNUSABLE, CANNOT_LISTEN, FOLDER_UNUSABLE
 */
export async function startStack(settings: Settings, start: StackStart): Promise<Stack> {
  const { host, port } = settings.http;
  const lock = await lockFolder(settings.folders.data);
  try {
    await requireFreePort({ host, port, setting: 'PORT' });
    await requireFreePort({ host, port: settings.worker.port, setting: 'WORKER_PORT' });
    requireFolders(settings);
  } catch (error) {
    lock.discard();
    throw error;
  }
  const parts = new StackParts(settings, lock, start);
  try {
    return await parts.run();
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

async function main(): Promise<void> {
  const say: Say = (line) => void process.stderr.write(`${line}\n`);
  const starting = new AbortController();
  const stopRequested = stopRequest().then(() => {
    say('Stopping…');
    starting.abort();
  });
  let stack: Stack;
  try {
    stack = await startStack(loadSettings(), { say, signal: starting.signal });
  } catch (error) {
    if (starting.signal.aborted) process.exit(0);
    say(`InferNode could not start: ${messageOf(error)}`);
    process.exit(1);
  }
  say(`InferNode is ready: ${stack.url}  (API docs: ${stack.url}/api/docs)`);
  collectGarbageOfStart();
  const failure = await Promise.race([stopRequested.then(() => null), stack.broken]);
  if (failure) say(`Stopping, since ${failure.message}.`);
  await stack.stop();
  process.exit(failure ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
