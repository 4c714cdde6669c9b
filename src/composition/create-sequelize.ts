import type { Socket } from 'node:net';
import { Sequelize } from 'sequelize';
import type { DatabaseConfig } from '../config/database.js';

/** Longer than the pauses of periodic work, which keeps the one that it uses; each costs the server 3 to 5 MB. */
const IDLE_CONNECTION_MS = 7_000;

/** Decides about the connections of a pool. */
export interface ConnectionGuard {
  /** The socket of a new connection; the guard may destroy it at any time. */
  socket(): Socket;
  /** @throws AppError when no connection may be taken or made at the moment. */
  requireAnswers(): void;
}

/** A pool of connections with limits on everything that could hang. Nothing connects before the first query. */
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
      // The server's limit ends the work; the client's is for a server that no longer answers at all.
      statement_timeout: statementMs,
      query_timeout: statementMs === 0 ? 0 : statementMs + 1_000,
      idle_in_transaction_session_timeout: idleInTransactionMs,
      keepAlive: true,
      ...(guard && { stream: guard.socket }),
    },
  });
  if (guard) {
    // The second one ends the wait of callers for whom the pool is making a connection.
    sequelize.addHook('beforePoolAcquire', () => guard.requireAnswers());
    sequelize.addHook('beforeConnect', () => guard.requireAnswers());
  }
  return sequelize;
}
