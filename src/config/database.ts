import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../errors/app-error.js';
import type { Settings } from './settings.js';

/** How to reach the database and how long to wait for it; times are milliseconds. */
export interface DatabaseConfig {
  readonly url: string;
  /** Connections of this process at most. */
  readonly poolMax: number;
  /** Name of this process in the server's list of connections. */
  readonly applicationName: string;
  readonly timeouts: DatabaseTimeouts;
}

/** Limits of a connection; 0 means none. */
export interface DatabaseTimeouts {
  /** Until a free connection of the pool is given up. */
  readonly acquireMs: number;
  /** Until a new connection is given up. */
  readonly connectMs: number;
  /** Until a statement is given up, by the server and by the client. */
  readonly statementMs: number;
  /** Until the server ends a transaction in which nothing happens. */
  readonly idleInTransactionMs: number;
}

/** Limits under which requests are served: without them a frozen server would hang every caller. */
const SERVING_TIMEOUTS: DatabaseTimeouts = {
  acquireMs: 5_000,
  connectMs: 2_000,
  statementMs: 10_000,
  idleInTransactionMs: 5_000,
};

/** URL of a database that was configured by `DATABASE_URL` or by `DB_HOST` and its like, or null. */
export function configuredDatabaseUrl({ database }: Pick<Settings, 'database'>): string | null {
  const { url, host, port, user, password, name } = database;
  if (url) return url;
  if (!host) return null;
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  return `postgres://${encodeURIComponent(user)}${secret}@${host}:${port}/${encodeURIComponent(name)}`;
}

/** URL of the embedded database that runs on `dataDirectory`, or null when none runs. */
export function embeddedDatabaseUrl(dataDirectory: string): string | null {
  const file = path.join(dataDirectory, 'postgres.json');
  if (!existsSync(file)) return null;
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url?: unknown };
  return typeof url === 'string' ? url : null;
}

/**
 * The database of this process: the configured one, else the embedded one that runs on the data folder.
 * @throws AppError NO_DATABASE that says what to set when there is neither.
 */
export function databaseConfig(settings: Settings, applicationName: string): DatabaseConfig {
  const url = configuredDatabaseUrl(settings) ?? embeddedDatabaseUrl(settings.folders.data);
  if (!url) {
    throw new AppError('NO_DATABASE', {
      message: `No database: set DATABASE_URL or DB_HOST, or run "npm start" on ${settings.folders.data} first, whose embedded database is used then.`,
    });
  }
  return { url, poolMax: settings.database.maxConnections, applicationName, timeouts: SERVING_TIMEOUTS };
}
