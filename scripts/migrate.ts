import { migrateAll } from '../src/composition/migrate-all.js';
import { loadEnvironment } from '../src/config/load.js';

/** Migrates the configured database and ends: the `migrate` step of containers. */
const done = await migrateAll(loadEnvironment());
process.stdout.write(done.length === 0 ? 'The database is up to date.\n' : `Migrated: ${done.join(', ')}\n`);
