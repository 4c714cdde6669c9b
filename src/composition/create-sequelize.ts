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
      // So that not every transaction has to set it.
      options: '-c default_transaction_isolation=read\\ committed',
      keepAlive: true,
      ...(guard && { stream: guard.socket }),
    },
  });
  if (guard) {
    // The second hook ends the wait of callers for whom the pool is opening a connection.
    sequelize.addHook('beforePoolAcquire', () => guard.requireAnswers());
    sequelize.addHook('beforeConnect', () => guard.requireAnswers());
  }
  return sequelize;
}
