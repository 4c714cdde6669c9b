import pg from 'pg';
import { AppError } from '../errors/app-error.js';
import { postgresProgram } from './postgres-programs.js';
import { lastMessages, runProgram } from './program.js';

/** The database that always exists, from which others are created and renamed. */
const MAINTENANCE_DATABASE = 'postgres';
const DATABASE_MISSING = '3D000';
const NOT_PERMITTED = '42501';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function databaseUrl(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(name)}`;
  return other.href;
}

async function connected<Value>(url: string, work: (client: pg.Client) => Promise<Value>): Promise<Value> {
  const client = new pg.Client({ connectionString: url, application_name: 'infernode-backup' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Processes of the product that are connected to a database, such as `infernode-api`. */
export async function connectedProcesses(url: string): Promise<readonly string[]> {
  try {
    return await connected(url, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT DISTINCT application_name AS name FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'infernode%'
         ORDER BY 1`,
      );
      return rows.map(({ name }) => name);
    });
  } catch (error) {
    if (hasCode(error, DATABASE_MISSING)) return [];
    throw error;
  }
}

/** An archive of pg_dump, and the database server to restore it on. */
export interface DumpRestore {
  /** URL of the present database. */
  readonly url: string;
  readonly folder: string;
  readonly majorVersion: number;
  /** Distinguishes the names of databases. */
  readonly stamp: string;
}

/** A dump that was restored into a database of its own. */
export interface LoadedDump {
  readonly url: string;
  /**
   * Gives the database the name of the present one.
   * @returns name under which the present database is kept; null when there was none
   */
  replacePresent(): Promise<string | null>;
  drop(): Promise<void>;
}

async function createDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`CREATE DATABASE ${quoted(name)}`).catch((cause: unknown) => {
    if (!hasCode(cause, NOT_PERMITTED)) throw cause;
    throw new AppError('RESTORE_REFUSED', {
      message:
        'The account of the database may not create one, into which the snapshot is restored before it replaces the present one: ALTER ROLE … CREATEDB, or restore with --mode preview and use pg_restore.',
      cause,
    });
  });
}

/** Restores an archive of pg_dump into a new database next to the present one, which is not changed. */
export async function loadDump({ url, folder, majorVersion, stamp }: DumpRestore): Promise<LoadedDump> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const [loaded, kept] = [`${name}_restored_${stamp}`, `${name}_before_${stamp}`];
  const maintenance = databaseUrl(url, MAINTENANCE_DATABASE);
  const { command, env, remedy } = await postgresProgram('pg_restore', {
    url: databaseUrl(url, loaded),
    majorVersion,
  });
  const drop = () =>
    connected(maintenance, async (client) => void (await client.query(`DROP DATABASE ${quoted(loaded)}`)));
  await connected(maintenance, (client) => createDatabase(client, loaded));
  const options = ['--no-owner', '--no-privileges', '--exit-on-error', '--no-password', `--dbname=${loaded}`];
  const end = await runProgram({ command, args: [...options, folder], env, remedy });
  if (end.status !== 0) {
    await drop();
    throw new AppError('BACKUP_FAILED', {
      message: `pg_restore failed; the present database is unchanged: ${lastMessages(end)}`,
    });
  }
  return {
    url: databaseUrl(url, loaded),
    drop,
    replacePresent: () =>
      connected(maintenance, async (client) => {
        const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
        if (rowCount) await client.query(`ALTER DATABASE ${quoted(name)} RENAME TO ${quoted(kept)}`);
        await client.query(`ALTER DATABASE ${quoted(loaded)} RENAME TO ${quoted(name)}`);
        return rowCount ? kept : null;
      }),
  };
}
