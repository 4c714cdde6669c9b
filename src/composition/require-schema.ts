import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import pg from 'pg';
import type { Settings } from '../config/settings.js';
import { databaseConfig, type DatabaseConfig } from '../config/database.js';
import { AppError } from '../errors/app-error.js';
import { QUEUE_SCHEMA } from '../queue/queue-pool.js';
import { databaseTarget, nameOf } from './database-failure.js';
import { MIGRATIONS } from './migrations-folder.js';

/**
 * The schema version required by BullMQ. Its main entry also exports it, but takes a third of a second to
 * load.
 */
export const requiredQueueVersion = (
  createRequire(import.meta.url)('bullmq/dist/cjs/postgres/migrations/index.js') as {
    LATEST_SCHEMA_VERSION: number;
  }
).LATEST_SCHEMA_VERSION;
const UNDEFINED_TABLE = '42P01';

/** Rows of a statement; empty if its table does not exist. */
async function rowsOf<Row extends pg.QueryResultRow>(client: pg.Client, sql: string): Promise<Row[]> {
  try {
    return (await client.query<Row>(sql)).rows;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) return [];
    throw error;
  }
}

async function pendingMigrations(client: pg.Client): Promise<string[]> {
  const known = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.cjs'));
  const done = await rowsOf<{ name: string }>(client, 'SELECT name FROM "SequelizeMeta"');
  const names = new Set(done.map(({ name }) => name));
  return known.filter((name) => !names.has(name)).sort();
}

async function queueVersion(client: pg.Client): Promise<number> {
  const [row] = await rowsOf<{ version: number | null }>(
    client,
    `SELECT max(version)::int AS version FROM "${QUEUE_SCHEMA}".migration`,
  );
  return row?.version ?? 0;
}

function describeTables(pending: readonly string[]): string | null {
  if (pending.length === 0) return null;
  const names = pending.map((name) => name.replace(/^\d+-|\.cjs$/g, ''));
  return pending.length > 3
    ? `${pending.length} migrations have not been run (${names[0]} to ${names[names.length - 1]})`
    : `${pending.length === 1 ? 'a migration has' : 'migrations have'} not been run (${names.join(', ')})`;
}

function describeQueue(version: number): string | null {
  if (version >= requiredQueueVersion) return null;
  return version === 0
    ? `the tables of the queue (schema ${QUEUE_SCHEMA}) are missing`
    : `the tables of the queue (schema ${QUEUE_SCHEMA}) have version ${version} instead of ${requiredQueueVersion}`;
}

/** Missing parts of a database schema. */
export interface SchemaState {
  /** Names of our migrations that were not run. */
  readonly pending: readonly string[];
  /** Whether the queue's tables are missing or of an older version. */
  readonly queueOutdated: boolean;
  readonly queueVersion: number;
}

/** Compares a database with the schema of this version. */
export async function schemaState({ url, applicationName, timeouts }: DatabaseConfig): Promise<SchemaState> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: timeouts.connectMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const [pending, version] = [await pendingMigrations(client), await queueVersion(client)];
    return { pending, queueVersion: version, queueOutdated: version < requiredQueueVersion };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Checks that the database has the schema of this version.
 * @throws AppError SCHEMA_MISSING naming what is missing and the command that creates it
 */
export async function requireSchema(settings: Settings, applicationName: string): Promise<void> {
  const config = databaseConfig(settings, applicationName);
  const state = await schemaState(config);
  const missing = [
    describeTables(state.pending),
    settings.queue.backend === 'postgres' ? describeQueue(state.queueVersion) : null,
  ].filter((text) => text !== null);
  if (missing.length === 0) return;
  throw new AppError('SCHEMA_MISSING', {
    message:
      `The database ${nameOf(databaseTarget(config.url))} is not ready for this version: ${missing.join(', and ')}. ` +
      'Run "npm run db:migrate" with the same settings (in containers: docker compose run --rm migrate), then start again.',
  });
}
