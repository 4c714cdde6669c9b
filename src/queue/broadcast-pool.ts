import pg from 'pg';
import { guarded } from '../errors/guarded.js';

const CONNECT_MS = 2_000;
const STATEMENT_MS = 5_000;
const PROBE_MS = 10_000;

/** Options of a {@link BroadcastPool}. */
export interface BroadcastPoolOptions {
  readonly connectionString: string;
  readonly onError: (error: Error) => void;
}

type OnConnected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * The database connections of the Socket.IO adapter, which uses a plain pool in ways that a lost connection would break:
 * - It sends notifications through any free connection; a single one keeps their order.
 * - It takes a connection for listening, without a listener for errors, whose absence would end the process, and does not
 *   return it when it is lost, so that the pool would run out of connections. It gets a connection of its own.
 * - It does not notice that a connection no longer responds. This one is probed.
 */
export class BroadcastPool extends pg.Pool {
  readonly #listening: pg.ClientConfig;
  readonly #onError: (error: Error) => void;

  constructor({ connectionString, onError }: BroadcastPoolOptions) {
    const common = { connectionString, connectionTimeoutMillis: CONNECT_MS, keepAlive: true };
    super({ ...common, max: 1, query_timeout: STATEMENT_MS, application_name: 'infernode-broadcast' });
    this.#listening = {
      ...common,
      query_timeout: STATEMENT_MS,
      application_name: 'infernode-broadcast-listen',
    };
    this.#onError = onError;
    this.on('error', onError);
    this.on('connect', (client) => client.on('error', onError));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: OnConnected): void;
  override connect(callback?: OnConnected): Promise<pg.PoolClient> | void {
    // Without a callback it is the adapter that takes a connection for listening; the pool's own queries use one.
    return callback ? super.connect(callback) : this.#openListener();
  }

  async #openListener(): Promise<pg.PoolClient> {
    const client = new pg.Client(this.#listening);
    client.on('error', this.#onError);
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    const drop = guarded(
      () => undefined,
      () => client.connection.stream.destroy(),
    );
    const probe = setInterval(
      guarded(drop, () => client.query('SELECT 1')),
      PROBE_MS,
    );
    probe.unref();
    client.once('end', () => clearInterval(probe));
    const release = (): void => {
      clearInterval(probe);
      client.end().catch(() => undefined);
    };
    return Object.assign(client, { release });
  }
}
