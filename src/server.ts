import { fileURLToPath } from 'node:url';
import { createApiProcess } from './composition/api-process.js';
import { migrateAll } from './composition/migrate-all.js';
import { requireFoldersOrExit } from './composition/require-folders.js';
import { requireSchema } from './composition/require-schema.js';
import { waitForDatabase } from './composition/wait-for-database.js';
import { configuredDatabaseUrl, databaseConfig } from './config/database.js';
import { logDirectory, queueBackend, type Environment } from './config/environment.js';
import { loadEnvironment } from './config/load.js';
import { collectGarbageOfStart } from './lifecycle/collect-garbage.js';
import { surviveErrors } from './lifecycle/process-errors.js';
import { FOR_STACK, parentsPermission } from './supervision/child-process.js';
import { logFailedStart } from './lifecycle/failed-start.js';
import { requireFreePort } from './lifecycle/listen.js';
import { createPrivateFiles } from './lifecycle/private-files.js';
import { Shutdown } from './lifecycle/shutdown.js';
import { createLogger, exitWithLogs, type Logger } from './logging/logger.js';

const SHUTDOWN_DEADLINE_MS = 25_000;

/** How an api is started. */
export interface ApiStart {
  /** Waits for its parent, then makes the database and its tables ready: the stack has no other process for that. */
  readonly forStack?: boolean;
}

/** Runs the api until it is told to end; exits the process. `ready` with the URL goes to the parent, if there is one. */
export async function runApi(environment: Environment, start: ApiStart = {}): Promise<void> {
  createPrivateFiles();
  requireFoldersOrExit(environment);
  const log = createLogger({
    process: 'api',
    level: environment.LOG_LEVEL,
    directory: logDirectory(environment),
    console: environment.NODE_ENV === 'production' ? 'json' : 'text',
    redisPort: queueBackend(environment) === 'redis' ? environment.REDIS_PORT : undefined,
  });
  surviveErrors(process, log);
  const exit = exitWithLogs(log);
  const shutdown = new Shutdown({ deadlineMs: SHUTDOWN_DEADLINE_MS, log, exit });
  const starting = new AbortController();
  const address = { host: environment.HOST, port: environment.PORT, setting: 'PORT' };
  shutdown.add('the start', async () => starting.abort());
  shutdown.listen(process);
  try {
    await requireFreePort(address);
    await prepareDatabase(environment, { log, signal: starting.signal, ...start });
    const api = await createApiProcess(environment, log, starting.signal);
    shutdown.add('requests, sockets and streams', () => api.server.close());
    shutdown.add('the queue', () => api.queue.close());
    shutdown.add('the database', () => api.persistence.close());
    const url = await api.server.listen({ host: environment.HOST, port: environment.PORT });
    process.send?.({ type: 'ready', url });
    log.info('The api serves.', { url });
    collectGarbageOfStart();
  } catch (error) {
    if (starting.signal.aborted) return;
    logFailedStart(log, 'api', error);
    exit(1);
  }
}

async function prepareDatabase(
  environment: Environment,
  { log, signal, forStack = false }: ApiStart & { log: Logger; signal: AbortSignal },
): Promise<void> {
  const waiting = { signal, onWaiting: (sentence: string) => log.warn(sentence) };
  if (forStack) {
    await parentsPermission(signal);
    await migrateAll(environment, { ...waiting, create: configuredDatabaseUrl(environment) === null });
    return;
  }
  const timeoutMs = environment.STARTUP_TIMEOUT * 1000;
  await waitForDatabase(databaseConfig(environment, 'infernode-api'), { ...waiting, timeoutMs });
  await requireSchema(environment, 'infernode-api');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApi(loadEnvironment(), { forStack: process.argv.includes(FOR_STACK) });
}
