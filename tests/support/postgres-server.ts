import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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

const FOLDER_PREFIX = 'infernode-test-postgres-';
const OWNER_FILE = 'owner.pid';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Removes what a killed run left: its server has ended with it where the kernel can do that, else it ends now. */
function sweepLeftOvers(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(FOLDER_PREFIX))) {
    const folder = path.join(tmpdir(), name);
    const ownerFile = path.join(folder, OWNER_FILE);
    // A folder without its owner's file is just being made by another run.
    if (!existsSync(ownerFile) || isAlive(Number(readFileSync(ownerFile, 'utf8')))) continue;
    const pidFile = path.join(folder, 'postgres', 'postmaster.pid');
    const postmaster = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').split('\n')[0]) : 0;
    if (postmaster > 0 && isAlive(postmaster)) process.kill(postmaster, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
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
  const folder = mkdtempSync(path.join(tmpdir(), FOLDER_PREFIX));
  // The server may run under another account, which has to pass this folder.
  chmodSync(folder, 0o755);
  writeFileSync(path.join(folder, OWNER_FILE), String(process.pid));
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
