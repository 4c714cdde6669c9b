import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { QueryTypes, Sequelize, type QueryInterface } from 'sequelize';
import { SequelizeStorage, Umzug } from 'umzug';
import type { DatabaseConfig, DatabaseTimeouts } from '../config/database.js';
import { createSequelize } from './create-sequelize.js';
import { MIGRATIONS } from './migrations-folder.js';

/** A migration file. CommonJS, so that Sequelize's command line can run the same files. */
interface MigrationModule {
  up(queryInterface: QueryInterface, sequelize: typeof Sequelize): Promise<unknown>;
  down(queryInterface: QueryInterface, sequelize: typeof Sequelize): Promise<unknown>;
}

/** Arbitrary number that all processes use for this lock and nothing else uses. */
const LOCK_KEY = 7_112_026_001;
const LOCK_DEADLINE_MS = 60_000;
const LOCK_POLL_MS = 100;
/** Migrating a large table may take any time, so there are no timeouts. */
const NO_LIMITS: DatabaseTimeouts = {
  acquireMs: 60_000,
  connectMs: 5_000,
  statementMs: 0,
  idleInTransactionMs: 0,
};

/**
 * The migrations of this version, bound to `sequelize`; table SequelizeMeta contains the names of completed
 * ones.
 */
export function createMigrator(sequelize: Sequelize): Umzug<QueryInterface> {
  const require = createRequire(import.meta.url);
  return new Umzug<QueryInterface>({
    migrations: {
      glob: ['*.cjs', { cwd: MIGRATIONS }],
      resolve: ({ name, path: file, context }) => {
        const migration = require(file ?? name) as MigrationModule;
        return {
          name,
          up: () => migration.up(context, Sequelize),
          down: () => migration.down(context, Sequelize),
        };
      },
    },
    context: sequelize.getQueryInterface(),
    storage: new SequelizeStorage({ sequelize }),
    logger: undefined,
  });
}

/**
 * Migrates the database, one process at a time: others wait up to a minute for the lock and then find nothing
 * to do.
 * @returns names of the migrations that this call ran.
 */
export async function runMigrations(config: DatabaseConfig): Promise<readonly string[]> {
  // Two connections: one holds the lock while the other runs the migrations.
  const sequelize = createSequelize({ ...config, poolMax: 2, timeouts: NO_LIMITS });
  try {
    return await sequelize.transaction(async (transaction) => {
      const deadline = Date.now() + LOCK_DEADLINE_MS;
      for (;;) {
        const [{ locked }] = await sequelize.query<{ locked: boolean }>(
          'SELECT pg_try_advisory_xact_lock($key) AS locked',
          { bind: { key: LOCK_KEY }, type: QueryTypes.SELECT, transaction },
        );
        if (locked) break;
        if (Date.now() > deadline)
          throw new Error('Another process has been migrating the database for a minute.');
        await delay(LOCK_POLL_MS);
      }
      const done = await createMigrator(sequelize).up();
      return done.map(({ name }) => name);
    });
  } finally {
    await sequelize.close();
  }
}
