import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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

/** Followed by the process that owns the folder. */
const FOLDER_PREFIX = 'infernode-test-postgres-';

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another account is alive as well.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Ends the server of a folder whose run is gone and removes the folder. */
function sweep(folder: string): void {
  const pidFile = path.join(folder, 'postgres', 'postmaster.pid');
  const postmaster = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').split('\n')[0]) : 0;
  if (isAlive(postmaster)) process.kill(postmaster, 'SIGQUIT');
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  } catch {
    // An initdb that outlived its run is still writing there: the next run will find the folder again.
  }
}

/** Removes what killed runs left. Their servers have ended with them wherever the kernel can do that. */
function sweepLeftOvers(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(FOLDER_PREFIX))) {
    const owner = Number.parseInt(name.slice(FOLDER_PREFIX.length), 10);
    if (owner > 0 && !isAlive(owner)) sweep(path.join(tmpdir(), name));
  }
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
  sweepLeftOvers();
  const folder = mkdtempSync(path.join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
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
