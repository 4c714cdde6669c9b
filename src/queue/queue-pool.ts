import pg from 'pg';

/** Schema of BullMQ's own tables. */
export const QUEUE_SCHEMA = 'bullmq';

const CONNECT_TIMEOUT_MS = 2_000;
const QUERY_TIMEOUT_MS = 10_000;
/** Longer than the pauses of the queue's periodic work, which keeps the one that it uses. */
const IDLE_CONNECTION_MS = 7_000;

/** Where the queue's tables live and how many connections may be open. */
export interface QueuePoolOptions {
  /** Settings of the pg driver: `connectionString`, or `host`, `port`, `user`, `password`, `database`. */
  readonly connection: pg.PoolConfig;
  /** At least 2: a worker keeps one connection listening. */
  readonly max: number;
  readonly applicationName: string;
  /** Idle connections drop; the pool heals itself, so this is for the log only. */
  readonly onError: (error: Error) => void;
}

/**
 * A pool whose sessions see BullMQ's schema first. Every client has limits: without
 * them a frozen server would hang its callers for ever.
 */
export function createQueuePool({ connection, max, applicationName, onError }: QueuePoolOptions): pg.Pool {
  const pool = new pg.Pool({
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
  return pool;
}

/** What {@link migrateQueue} loads when there is something to do: it takes longer to load than the check whether there is. */
export async function loadQueueMigrations() {
  const { runMigrations } = await import('bullmq');
  return runMigrations;
}

/**
 * Brings BullMQ's tables up to date, once per deploy; safe to repeat and to run twice at the same time.
 * @returns the version of the schema afterwards.
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
