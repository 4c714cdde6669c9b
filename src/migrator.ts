import { loadMigrations, migrateAll } from './composition/migrate-all.js';
import { loadSettings } from './config/load.js';
import { messageOf } from './errors/app-error.js';
import { parentsPermission } from './supervision/child-process.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/*
 * Makes the tables of a new database, as a child of the stack that ends then: what this loads and leaves in memory would
 * otherwise stay with the api for as long as it runs. It loads its modules while the database starts.
 */
process.once('disconnect', () => process.exit(1));
try {
  const settings = loadSettings();
  await Promise.all([loadMigrations(), parentsPermission()]);
  await migrateAll(settings, { create: true, onWaiting: say });
  process.exit(0);
} catch (error) {
  say(`The tables could not be made: ${messageOf(error)}`);
  process.exit(1);
}
