import { loadMigrations, migrateAll } from './composition/migrate-all.js';
import { loadSettings } from './config/load.js';
import { messageOf } from './errors/app-error.js';
import { parentsPermission } from './supervision/child-process.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/*
 * Creates the tables of a new database in a short-lived child of the stack, so that the memory used by the migrations
 * is not kept by the api. It loads its modules while the database starts.
 */
process.once('disconnect', () => process.exit(1));
try {
  const settings = loadSettings();
  await Promise.all([loadMigrations(), parentsPermission()]);
  await migrateAll(settings, { create: true, onWaiting: say });
  process.exit(0);
} catch (error) {
  say(`The tables could not be created: ${messageOf(error)}`);
  process.exit(1);
}
