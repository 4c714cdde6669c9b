import { waitForDatabase } from '../../src/composition/wait-for-database.js';
import { configuredDatabaseUrl, databaseConfig, embeddedDatabaseUrl } from '../../src/config/database.js';
import type { Settings } from '../../src/config/settings.js';
import { startEmbeddedPostgres } from '../../src/lifecycle/embedded-postgres.js';
import { lockFolder } from '../../src/lifecycle/folder-lock.js';

const PROBE_MS = 1_000;

/** Whether the embedded server of a data folder is running and must not be started again. */
async function isRunning(settings: Settings, applicationName: string): Promise<boolean> {
  if (embeddedDatabaseUrl(settings.folders.data) === null) return false;
  try {
    await waitForDatabase(databaseConfig(settings, applicationName), { timeoutMs: PROBE_MS });
    return true;
  } catch {
    return false;
  }
}

/** A database that can be reached until it is stopped. */
export interface ReachableDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the embedded server for the duration of the command; the folder is locked meanwhile. */
async function startDatabase({ folders, database }: Settings): Promise<ReachableDatabase> {
  const lock = await lockFolder(folders.data);
  try {
    const postgres = await startEmbeddedPostgres({ dataRoot: folders.data, database: database.name });
    return { url: postgres.url, stop: () => postgres.stop().finally(() => lock.release()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * The database of this installation; starts the embedded one if it is not running.
 * @param applicationName name of the caller in PostgreSQL's list of connections
 */
export async function openDatabase(settings: Settings, applicationName: string): Promise<ReachableDatabase> {
  const url = configuredDatabaseUrl(settings);
  if (url !== null) return { url, stop: () => Promise.resolve() };
  if (await isRunning(settings, applicationName)) {
    const running = embeddedDatabaseUrl(settings.folders.data);
    if (running !== null) return { url: running, stop: () => Promise.resolve() };
  }
  return startDatabase(settings);
}
