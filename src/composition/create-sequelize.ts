import type { Socket } from 'node:net';
import { Sequelize } from 'sequelize';
import type { DatabaseConfig } from '../config/database.js';

/**
 * Idle time after which connections are closed; each costs the server 3 to 5 MB. Longer than the intervals of
 * periodic work, so that it keeps using one connection.
 */
const IDLE_CONNECTION_MS = 7_000;

/** Controls the connections of a pool. */
export interface ConnectionGuard {
  /** The socket of a new connection; the guard may destroy it at any time. */
  socket(): Socket;
  /** @throws AppError when no connection may be used or opened at the moment. */
  requireAnswers(): void;
}

/** The part of the driver's connection that is used here. */
interface DriverConnection {
  query(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

const isDriverConnection = (connection: unknown): connection is DriverConnection =>
  typeof connection === 'object' && connection !== null && 'query' in connection && 'end' in connection;

/** Sets the isolation level of a new connection, so that not every transaction has to. */
async function readCommitted(connection: unknown): Promise<void> {
  if (!isDriverConnection(connection)) throw new Error('The connection is not a PostgreSQL connection.');
  try {
    await connection.query("SET default_transaction_isolation = 'read committed'");
  } catch (error) {
    // The pool does not have it yet, so it would stay open.
    void connection.end().catch(() => undefined);
    throw error;
  }
}

/**
 * Creates a connection pool with a timeout for everything that could block. It connects at the first query.
 */
export function createSequelize(
  { url, poolMax, applicationName, timeouts }: DatabaseConfig,
  guard?: ConnectionGuard,
): Sequelize {
  const { acquireMs, connectMs, statementMs, idleInTransactionMs } = timeouts;
  const sequelize = new Sequelize(url, {
    dialect: 'postgres',
    logging: false,
    pool: { max: poolMax, min: 0, acquire: acquireMs, idle: IDLE_CONNECTION_MS },
    dialectOptions: {
      application_name: applicationName,
      connectionTimeoutMillis: connectMs,
      // The server's limit stops the statement; the client's applies when the server no longer responds at
      // all.
      statement_timeout: statementMs,
      query_timeout: statementMs === 0 ? 0 : statementMs + 1_000,
      idle_in_transaction_session_timeout: idleInTransactionMs,
      keepAlive: true,
      ...(guard && { stream: guard.socket }),
    },
  });
  sequelize.addHook('afterConnect', readCommitted);
  if (guard) {
    // The second hook ends the wait of callers for whom the pool is opening a connection.
    sequelize.addHook('beforePoolAcquire', () => guard.requireAnswers());
    sequelize.addHook('beforeConnect', () => guard.requireAnswers());
  }
  return sequelize;
}
