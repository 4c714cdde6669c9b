import { fileURLToPath } from 'node:url';
import { createApiProcess } from './composition/api-process.js';
import { waitForDatabase } from './composition/wait-for-database.js';
import { databaseConfig } from './config/database.js';
import { logDirectory, type Environment } from './config/environment.js';
import { loadEnvironment } from './config/load.js';
import { surviveErrors } from './lifecycle/process-errors.js';
import { Shutdown } from './lifecycle/shutdown.js';
import { createLogger, exitWithLogs } from './logging/logger.js';

const SHUTDOWN_DEADLINE_MS = 25_000;

/** Runs the api until it is told to end; exits the process. `ready` with the URL goes to the parent, if there is one. */
export async function runApi(environment: Environment): Promise<void> {
  const log = createLogger({
    process: 'api',
    level: environment.LOG_LEVEL,
    directory: logDirectory(environment),
    console: environment.NODE_ENV === 'production' ? 'json' : 'text',
  });
  surviveErrors(process, log);
  const exit = exitWithLogs(log);
  const shutdown = new Shutdown({ deadlineMs: SHUTDOWN_DEADLINE_MS, log, exit });
  const starting = new AbortController();
  shutdown.add('the wait for the database', async () => starting.abort());
  shutdown.listen(process);
  try {
    await waitForDatabase(databaseConfig(environment, 'infernode-api'), {
      signal: starting.signal,
      onRetry: (reason) => log.warn('Waiting for the database.', { reason }),
    });
    const api = await createApiProcess(environment, log);
    shutdown.add('requests, sockets and streams', () => api.server.close());
    shutdown.add('the queue', () => api.queue.close());
    shutdown.add('the database', () => api.persistence.close());
    const url = await api.server.listen({ host: environment.HOST, port: environment.PORT });
    process.send?.({ type: 'ready', url });
    log.info('The api serves.', { url });
  } catch (error) {
    if (starting.signal.aborted) return;
    log.error('The api could not start.', { err: error });
    exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApi(loadEnvironment());
