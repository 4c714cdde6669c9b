import type { Sequelize } from 'sequelize';

/** A statement that each database connection parses and plans only once. */
export interface PreparedStatement {
  /** Unique per statement text. */
  readonly name: string;
  /** SQL with parameters $1, $2 and so on. */
  readonly text: string;
}

/** The part of the driver's connection that is used here. */
interface DriverConnection {
  query(
    statement: PreparedStatement & { readonly values: readonly unknown[] },
  ): Promise<{ readonly rows: unknown[] }>;
}

const isDriverConnection = (connection: object): connection is DriverConnection =>
  'query' in connection && typeof connection.query === 'function';

/**
 * SQLSTATEs of errors after which the connection is still usable: excludes those that end it (classes 08 and
 * 57P) and the EPIPE of a socket.
 */
const REFUSAL = /^(?!08|57P|EPIPE)[0-9A-Z]{5}$/;

/**
 * Runs a statement directly on a pooled connection, bypassing Sequelize's query builder; for the few
 * statements that every request uses. Rows have the database's column names.
 * @throws the driver's own error
 */
export async function runPrepared(
  { connectionManager }: Sequelize,
  statement: PreparedStatement,
  values: readonly unknown[],
): Promise<unknown[]> {
  const connection = await connectionManager.getConnection({ type: 'write' });
  if (!isDriverConnection(connection)) throw new Error('The connection is not a PostgreSQL connection.');
  try {
    const { rows } = await connection.query({ ...statement, values });
    connectionManager.releaseConnection(connection);
    return rows;
  } catch (error) {
    // After any other error the state of the connection is unknown.
    const refused = error instanceof Error && REFUSAL.test(String(Reflect.get(error, 'code')));
    if (refused) connectionManager.releaseConnection(connection);
    else await connectionManager.destroyConnection(connection);
    throw error;
  }
}
