import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../errors/app-error.js';
import type { Settings } from './settings.js';

/** Connection settings of the database; times in milliseconds. */
export interface DatabaseConfig {
  readonly url: string;
  /** Maximum connections of this process. */
  readonly poolMax: number;
  /** Name of this process in PostgreSQL's list of connections. */
  readonly applicationName: string;
  readonly timeouts: DatabaseTimeouts;
}

/** Timeouts of a connection; 0 means none. */
export interface DatabaseTimeouts {
  /** Waiting for a free connection of the pool. */
  readonly acquireMs: number;
  /** Opening a new connection. */
  readonly connectMs: number;
  /** Running a statement; enforced by the server and by the client. */
  readonly statementMs: number;
  /** An idle transaction, after which the server ends it. */
  readonly idleInTransactionMs: number;
}

/** Timeouts while serving requests: without them, an unresponsive database would block every caller. */
const SERVING_TIMEOUTS: DatabaseTimeouts = {
  acquireMs: 5_000,
  connectMs: 2_000,
  statementMs: 10_000,
  idleInTransactionMs: 5_000,
};

/** URL of a database configured by `DATABASE_URL` or by `DB_HOST` and the other `DB_` settings; `null` when none is. */
export function configuredDatabaseUrl({ database }: Pick<Settings, 'database'>): string | null {
  const { url, host, port, user, password, name } = database;
  if (url) return url;
  if (!host) return null;
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  return `postgres://${encodeURIComponent(user)}${secret}@${host}:${port}/${encodeURIComponent(name)}`;
}

/** URL of the embedded database running on `dataDirectory`; `null` when none runs. */
export function embeddedDatabaseUrl(dataDirectory: string): string | null {
  const file = path.join(dataDirectory, 'postgres.json');
  if (!existsSync(file)) return null;
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url?: unknown };
  return typeof url === 'string' ? url : null;
}

/**
 * The database of this process: the configured one, else the embedded one running on the data folder.
 * @throws AppError NO_DATABASE naming the settings when there is neither
 */
export function databaseConfig(settings: Settings, applicationName: string): DatabaseConfig {
  const url = configuredDatabaseUrl(settings) ?? embeddedDatabaseUrl(settings.folders.data);
  if (!url) {
    throw new AppError('NO_DATABASE', {
      message: `No database: set DATABASE_URL or DB_HOST, or run "npm start" on ${settings.folders.data} first to use its embedded database.`,
    });
  }
  return { url, poolMax: settings.database.maxConnections, applicationName, timeouts: SERVING_TIMEOUTS };
}
