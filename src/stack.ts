import { fileURLToPath } from 'node:url';
import { migrateAll } from './composition/migrate-all.js';
import { configuredDatabaseUrl } from './config/database.js';
import type { Environment } from './config/environment.js';
import { childEnvironment, loadEnvironment } from './config/load.js';
import { superviseProcess, type SupervisedProcess } from './lifecycle/child-process.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './lifecycle/embedded-postgres.js';
import { stopRequest } from './lifecycle/stop-signals.js';
import { messageOf } from './errors/app-error.js';

/** Database, api and worker, running. */
export interface Stack {
  /** Base URL of the api. */
  readonly url: string;
  /** Resolves when a part that cannot be started again has ended by itself. */
  readonly broken: Promise<Error>;
  /** Ends worker, api and database in this order, within 30 s. */
  stop(): Promise<void>;
}

/** Time for jobs and requests under way; the database ends after it. */
const STOP_DEADLINE_MS = 20_000;

type Say = (line: string) => void;

function startProcess(
  name: string,
  module: string,
  overrides: Record<string, string>,
  say: Say,
): SupervisedProcess {
  return superviseProcess({
    name,
    modulePath: fileURLToPath(new URL(module, import.meta.url)),
    env: childEnvironment(overrides),
    log: say,
  });
}

/**
 * Starts the embedded PostgreSQL (unless another database is configured), migrates, and runs api and worker as children
 * that are started again when they die.
 */
export async function startStack(environment: Environment, say: Say): Promise<Stack> {
  const configured = configuredDatabaseUrl(environment);
  const postgres = configured ? null : await startDatabase(environment, say);
  const parts: SupervisedProcess[] = [];
  const stop = async () => {
    await Promise.all(parts.map((part) => part.stop(STOP_DEADLINE_MS)));
    await postgres?.stop();
  };
  try {
    const url = configured ?? postgres?.url ?? '';
    await migrateAll({ ...environment, DATABASE_URL: url });
    const overrides = { DATABASE_URL: url, DATA_DIR: environment.DATA_DIR };
    const api = startProcess('api', './server.js', overrides, say);
    parts.push(api);
    const ready = await api.ready;
    const worker = startProcess('worker', './workers/main.js', overrides, say);
    parts.push(worker);
    await worker.ready;
    const broken = postgres
      ? postgres.exited.then(() => new Error('the embedded PostgreSQL ended'))
      : new Promise<Error>(() => undefined);
    return { url: ready.url ?? `http://${environment.HOST}:${environment.PORT}`, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDatabase(environment: Environment, say: Say): Promise<EmbeddedPostgres> {
  say(`Starting PostgreSQL in ${environment.DATA_DIR}…`);
  return startEmbeddedPostgres({ dataRoot: environment.DATA_DIR, database: environment.DB_NAME });
}

async function main(): Promise<void> {
  const say: Say = (line) => void process.stderr.write(`${line}\n`);
  let stack: Stack | undefined;
  const stopRequested = stopRequest().then(() => say('Stopping…'));
  try {
    stack = await startStack(loadEnvironment(), say);
  } catch (error) {
    say(`InferNode could not start: ${messageOf(error)}`);
    process.exit(1);
  }
  say(`InferNode is ready: ${stack.url}  (API docs: ${stack.url}/api/docs)`);
  const failure = await Promise.race([stopRequested.then(() => null), stack.broken]);
  if (failure) say(`Stopping, since ${failure.message}.`);
  await stack.stop();
  process.exit(failure ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
