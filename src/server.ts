import { fileURLToPath } from 'node:url';
import { migrateAll } from './composition/migrate-all.js';
import { requireFoldersOrExit } from './composition/require-folders.js';
import { requireSchema } from './composition/require-schema.js';
import { waitForDatabase } from './composition/wait-for-database.js';
import { configuredDatabaseUrl, databaseConfig } from './config/database.js';
import type { Settings } from './config/settings.js';
import { loadSettings } from './config/load.js';
import { collectGarbageOfStart } from './lifecycle/collect-garbage.js';
import { surviveErrors } from './lifecycle/process-errors.js';
import { FOR_STACK, parentsPermission } from './supervision/child-process.js';
import { logFailedStart } from './lifecycle/failed-start.js';
import { requireFreePort } from './lifecycle/listen.js';
import { createPrivateFiles } from './lifecycle/private-files.js';
import { Shutdown } from './lifecycle/shutdown.js';
import { createLogger, exitWithLogs, type Logger } from './logging/logger.js';

const SHUTDOWN_DEADLINE_MS = 25_000;

/**
 * Loads the parts of the api: most of the processor time of a start, which one that a setting or the database prevents
 * need not spend.
 */
const loadParts = () => import('./composition/api-process.js');

/** Start options of the api. */
export interface ApiStart {
  /**
   * Waits for its parent, then prepares the database and its tables, because the stack has no other process for that.
   */
  readonly forStack?: boolean;
}

/**
 * Runs the api until it receives a stop signal, then exits the process. Sends `ready` with the URL to the parent
 * process, if any.
 */
export async function runApi(settings: Settings, start: ApiStart = {}): Promise<void> {
  createPrivateFiles();
  requireFoldersOrExit(settings);
  const log = createLogger({
    process: 'api',
    level: settings.logLevel,
    directory: settings.folders.logs,
    keptDays: settings.retentionDays.logs,
    console: settings.mode === 'production' ? 'json' : 'text',
    redisPort: settings.queue.backend === 'redis' ? settings.queue.redis.port : undefined,
  });
  surviveErrors(process, log);
  const exit = exitWithLogs(log);
  const shutdown = new Shutdown({ deadlineMs: SHUTDOWN_DEADLINE_MS, log, exit });
  const starting = new AbortController();
  const address = { host: settings.http.host, port: settings.http.port, setting: 'PORT' };
  shutdown.add('the start', async () => starting.abort());
  shutdown.listen(process);
  try {
    await requireFreePort(address);
    await prepareDatabase(settings, { log, signal: starting.signal, ...start });
    const { createApiProcess } = await loadParts();
    const api = await createApiProcess(settings, log, starting.signal);
    shutdown.add('requests, sockets and streams', () => api.server.close());
    shutdown.add('the counts', () => api.counts.stop());
    shutdown.add('the queue', () => api.queue.close());
    shutdown.add('the database', () => api.persistence.close());
    const url = await api.server.listen({ host: settings.http.host, port: settings.http.port });
    api.counts.start();
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
  settings: Settings,
  { log, signal, forStack = false }: ApiStart & { log: Logger; signal: AbortSignal },
): Promise<void> {
  const waiting = { signal, onWaiting: (sentence: string) => log.warn(sentence) };
  if (forStack) {
    // The stack permits it when PostgreSQL has started; loading takes as long.
    await Promise.all([parentsPermission(signal), loadParts()]);
    await migrateAll(settings, { ...waiting, create: configuredDatabaseUrl(settings) === null });
    return;
  }
  const timeoutMs = settings.startupTimeoutMs;
  await waitForDatabase(databaseConfig(settings, 'infernode-api'), { ...waiting, timeoutMs });
  await requireSchema(settings, 'infernode-api');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  void runApi(loadSettings(), { forStack: process.argv.includes(FOR_STACK) });
}
