import pg from 'pg';
import { messageOf } from '../errors/app-error.js';

/** Schema of BullMQ's tables. */
export const QUEUE_SCHEMA = 'bullmq';

const CONNECT_TIMEOUT_MS = 2_000;
const QUERY_TIMEOUT_MS = 10_000;
/**
 * Idle time after which connections are closed. Longer than the intervals of the queue's periodic work, so
 * that it keeps using one connection.
 */
const IDLE_CONNECTION_MS = 7_000;

/** Database and size of the pool. */
export interface QueuePoolOptions {
  /** Options of the pg driver: `connectionString`, or `host`, `port`, `user`, `password`, `database`. */
  readonly connection: pg.PoolConfig;
  /** At least 2, because a worker keeps one connection listening. */
  readonly max: number;
  readonly applicationName: string;
  /** Called when a connection drops; the pool reconnects by itself, so this is only for the log. */
  readonly onError: (error: Error) => void;
}

/** A failed connection in the form that BullMQ knows: after others it tries again without a pause. */
class QueueUnreachable extends Error {
  readonly code = 'ECONNREFUSED';

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = 'QueueUnreachable';
  }
}

type ConnectCallback = Parameters<pg.Pool['connect']>[0];

/** A server that starts, shuts down or has no connection left refuses by errors of SQL, which are connection errors here. */
class QueuePool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (callback === undefined) {
      return super.connect().catch((error: unknown) => {
        throw new QueueUnreachable(error);
      });
    }
    super.connect((error, client, done) => callback(error && new QueueUnreachable(error), client, done));
  }
}

/**
 * A pool whose sessions have BullMQ's schema first in the search path. All sessions have timeouts: without
 * them an unresponsive server would block callers forever.
 */
export function createQueuePool({ connection, max, applicationName, onError }: QueuePoolOptions): pg.Pool {
  const pool = new QueuePool({
    ...connection,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    options: `-c search_path=${QUEUE_SCHEMA},public -c statement_timeout=${QUERY_TIMEOUT_MS} -c idle_in_transaction_session_timeout=5000`,
  });
  pool.on('error', onError);
  // A connection in use has no other listener; without one its loss is an error that nothing handles.
  pool.on('connect', (client) => client.on('error', onError));
  return pool;
}

/**
 * Loads the code for {@link migrateQueue} only when there is something to migrate, because loading takes
 * longer than the check.
 */
export async function loadQueueMigrations() {
  const { runMigrations } = await import('bullmq');
  return runMigrations;
}

/**
 * Migrates BullMQ's tables, once per deployment; idempotent and safe to run concurrently.
 * @returns the schema version afterwards.
 */
export async function migrateQueue(pool: pg.Pool): Promise<number> {
  const runMigrations = await loadQueueMigrations();
  const client = await pool.connect();
  try {
    return await runMigrations(client, QUEUE_SCHEMA);
  } finally {
    client.release();
  }
}
