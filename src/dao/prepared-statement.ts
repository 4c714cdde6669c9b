import type { Sequelize } from 'sequelize';

/** A statement that each connection of the database parses and plans once. */
export interface PreparedStatement {
  /** Of this text only. */
  readonly name: string;
  /** With parameters $1, $2 and so on. */
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

/** Refusals of the database, without those that end the connection (classes 08 and 57P) and the EPIPE of a socket. */
const REFUSAL = /^(?!08|57P|EPIPE)[0-9A-Z]{5}$/;

/**
 * Runs a statement on a connection of the pool, past all that builds and rewrites statements: for the few that every
 * request asks. Rows come with columns as the database names them.
 * @throws the driver's own error
 */
export async function runPrepared(
  { connectionManager }: Sequelize,
  statement: PreparedStatement,
  values: readonly unknown[],
): Promise<unknown[]> {
  const connection = await connectionManager.getConnection({ type: 'write' });
  if (!isDriverConnection(connection)) throw new Error('The connection is not one of PostgreSQL.');
  try {
    const { rows } = await connection.query({ ...statement, values });
    connectionManager.releaseConnection(connection);
    return rows;
  } catch (error) {
    // After an error that is not the database's own, the state of the connection is unknown.
    const refused = error instanceof Error && REFUSAL.test(String(Reflect.get(error, 'code')));
    if (refused) connectionManager.releaseConnection(connection);
    else await connectionManager.destroyConnection(connection);
    throw error;
  }
}
