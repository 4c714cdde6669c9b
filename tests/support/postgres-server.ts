import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/lifecycle/embedded-postgres.js';

/** A PostgreSQL server for tests. */
export interface PostgresServer {
  /** URL of its database `postgres`, as an account that may create databases. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** Runs statements one after another on their own connection. */
export async function execute(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Starts the PostgreSQL that ships with the product in a temp folder of its own. */
async function startOwnServer(): Promise<PostgresServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'infernode-postgres-'));
  // The server may run under another account, which has to pass this folder.
  chmodSync(folder, 0o755);
  const server = await startEmbeddedPostgres({ dataRoot: folder, database: 'postgres' });
  // Nothing here has to survive a power cut.
  await execute(
    server.url,
    'ALTER SYSTEM SET fsync = off',
    'ALTER SYSTEM SET synchronous_commit = off',
    'ALTER SYSTEM SET full_page_writes = off',
    'SELECT pg_reload_conf()',
  );
  return {
    adminUrl: server.url,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server that `TEST_DATABASE_URL` names, else one of our own. */
export async function openPostgresServer(): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL;
  return given ? { adminUrl: given, stop: async () => undefined } : startOwnServer();
}
