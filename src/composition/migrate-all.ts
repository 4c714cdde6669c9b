import { databaseConfig } from '../config/database.js';
import type { Environment } from '../config/environment.js';
import { createQueuePool, migrateQueue } from '../queue/queue-pool.js';
import { runMigrations } from './migrate.js';
import { waitForDatabase } from './wait-for-database.js';

/** Brings our tables and the queue's to this version; safe to run from several processes at once. */
export async function migrateAll(environment: Environment): Promise<readonly string[]> {
  const config = databaseConfig(environment, 'infernode-migrate');
  await waitForDatabase(config);
  const done = await runMigrations(config);
  const pool = createQueuePool({
    connection: { connectionString: config.url },
    max: 2,
    applicationName: config.applicationName,
    // A broken idle connection shows at its next use.
    onError: () => undefined,
  });
  try {
    await migrateQueue(pool);
  } finally {
    await pool.end();
  }
  return done;
}
