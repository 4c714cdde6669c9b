import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Sequelize } from 'sequelize';
import type { DatabaseConfig } from '../../src/config/database.js';
import { createSequelize } from '../../src/composition/create-sequelize.js';
import {
  databaseUrl,
  KEYS_PATH,
  testDatabaseConfig,
  type DatabaseTemplate,
  type TestKeyPaths,
} from './database-broker.js';
import { execute } from './postgres-server.js';

/** A database of one test file's own. */
export interface TestDatabase {
  readonly url: string;
  /** Settings for `createPersistence`, `runMigrations` and the like. */
  readonly config: DatabaseConfig;
  /** A pool for looking at rows directly. */
  readonly sequelize: Sequelize;
  /** Closes the pool and drops the database; connections that others left open are cut. */
  close(): Promise<void>;
}

/** What may be chosen about a {@link TestDatabase}. */
export interface TestDatabaseOptions {
  /** Without migrations: an empty database. */
  readonly empty?: boolean;
}

async function askBroker<Answer>(what = ''): Promise<Answer> {
  const broker = process.env.INFERNODE_TEST_DATABASE_BROKER;
  if (!broker) throw new Error('Tests with a database run under Jest with tests/support/global-setup.ts.');
  const response = await fetch(new URL(what, broker));
  if (!response.ok) throw new Error(`No database for tests: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** The keys that APIs of this run may share. */
export const sharedKeys = (): Promise<TestKeyPaths> => askBroker(KEYS_PATH);

/**
 * Settings with which a server uses the keys of this run, as making its own takes half as long as the rest of its start.
 * @param folder place of the keys that it makes outside of Jest
 */
export async function keySettings(folder: string): Promise<Record<string, string>> {
  const keys = process.env.INFERNODE_TEST_DATABASE_BROKER
    ? await sharedKeys()
    : {
        privateKeyPath: path.join(folder, 'private.key'),
        publicKeyPath: path.join(folder, 'public.key'),
      };
  return { JWT_PRIVATE_KEY_PATH: keys.privateKeyPath, JWT_PUBLIC_KEY_PATH: keys.publicKeyPath };
}

/** A fresh, migrated database on a real PostgreSQL: a clone of the run's template. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { adminUrl, template } = await askBroker<DatabaseTemplate>();
  const name = `infernode_test_${randomBytes(8).toString('hex')}`;
  // Copied as files: PostgreSQL's default writes each page to its log as well.
  const source = options.empty ? '' : ` TEMPLATE ${template}`;
  await execute(adminUrl, `CREATE DATABASE ${name}${source} STRATEGY file_copy`);
  const url = databaseUrl(adminUrl, name);
  const config = testDatabaseConfig(url);
  const sequelize = createSequelize(config);
  return {
    url,
    config,
    sequelize,
    close: async () => {
      await sequelize.close();
      await execute(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}
