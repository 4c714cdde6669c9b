import { migrateAll } from '../src/composition/migrate-all.js';
import { loadSettings } from '../src/config/load.js';
import { AppError } from '../src/errors/app-error.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `npm run db:migrate`, also used by the `migrate` container: tables of the product and of the queue. */
try {
  const done = await migrateAll(loadSettings(), { onWaiting: say });
  process.stdout.write(
    done.length === 0 ? 'The database is up to date.\n' : `Migrated: ${done.join(', ')}\n`,
  );
} catch (error) {
  say(error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
}
