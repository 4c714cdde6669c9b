import { databaseConfig, type DatabaseConfig } from '../config/database.js';
import type { Settings } from '../config/settings.js';
import { createQueuePool, loadQueueMigrations, migrateQueue } from '../queue/queue-pool.js';
import { databaseTarget, explainDatabaseFailure } from './database-failure.js';
import { schemaState } from './require-schema.js';
import { databaseUnusable, waitForDatabase, type WaitOptions } from './wait-for-database.js';

async function migrateQueueTables(config: DatabaseConfig): Promise<void> {
  const pool = createQueuePool({
    connection: { connectionString: config.url },
    max: 2,
    applicationName: config.applicationName,
    // A broken idle connection is reported at its next use.
    onError: () => undefined,
  });
  try {
    await migrateQueue(pool);
  } finally {
    await pool.end();
  }
}

/** Preloads the modules that migrations need. */
export async function loadMigrations(): Promise<void> {
  await Promise.all([import('./migrate.js'), loadQueueMigrations()]);
}

/** Loads the migrations only if there are pending ones, since most starts have none. */
async function runOwnMigrations(config: DatabaseConfig): Promise<readonly string[]> {
  const { runMigrations } = await import('./migrate.js');
  return runMigrations(config);
}

/**
 * Migrates our tables and those of the queue to this version; safe to run from several processes at once.
 * @returns names of the migrations of our tables that this call ran.
 * @throws AppError DATABASE_UNUSABLE when the database cannot be reached, is too old, or lacks permissions
 */
export async function migrateAll(settings: Settings, options: WaitOptions = {}): Promise<readonly string[]> {
  const config = databaseConfig(settings, 'infernode-migrate');
  await waitForDatabase(config, { timeoutMs: settings.startupTimeoutMs, ...options });
  try {
    const { pending, queueOutdated } = await schemaState(config);
    const done = pending.length > 0 ? await runOwnMigrations(config) : [];
    if (queueOutdated) await migrateQueueTables(config);
    return done;
  } catch (error) {
    const failure = explainDatabaseFailure(error, databaseTarget(config.url));
    throw failure.final ? databaseUnusable(config, failure, error) : error;
  }
}
