import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { guarded } from '../errors/guarded.js';

const RECONNECT_FIRST_MS = 100;
const RECONNECT_LAST_MS = 2_000;
const ECHO_INTERVAL_MS = 10_000;

/** Channels and callbacks of a {@link PostgresListener}. */
export interface PostgresListenerOptions {
  readonly connection: pg.ClientConfig;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  readonly onError: (error: Error) => void;
  /** Called whenever a connection starts listening, the first one included. */
  readonly onListening?: () => void;
  /** Interval of checks that the connection still receives notifications. */
  readonly echoIntervalMs?: number;
}

/**
 * Listens on a separate connection and reconnects with back-off. At every interval it sends itself a
 * notification through the server; if it does not arrive, the connection is replaced. Notifications sent in
 * between are lost, so a notification may only trigger reading rows again.
 */
export class PostgresListener {
  readonly #options: PostgresListenerOptions;
  readonly #closed = new AbortController();
  readonly #echoChannel = `echo_${randomUUID().replaceAll('-', '')}`;
  #client: pg.Client | undefined;
  #echoTimer: NodeJS.Timeout | undefined;
  #echoPending = false;
  #loop: Promise<void> | undefined;

  constructor(options: PostgresListenerOptions) {
    this.#options = options;
  }

  /**
   * Starts listening; resolves when the first connection is listening. Later losses are handled
   * automatically.
   */
  async start(): Promise<void> {
    await this.#connect();
    this.#loop = this.#stayConnected();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#dropClient();
    await this.#loop;
  }

  async #connect(): Promise<void> {
    const { connection, channels, onError, echoIntervalMs = ECHO_INTERVAL_MS } = this.#options;
    const client = new pg.Client({ ...connection, keepAlive: true, connectionTimeoutMillis: 2_000 });
    // Without a handler a lost connection would end the process.
    client.on('error', onError);
    const failed = (error: unknown): void =>
      onError(error instanceof Error ? error : new Error(String(error)));
    client.on(
      'notification',
      guarded(failed, (message: pg.Notification) => this.#receive(message)),
    );
    try {
      await client.connect();
      for (const channel of [...channels, this.#echoChannel]) await client.query(`LISTEN "${channel}"`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    this.#echoPending = false;
    this.#echoTimer = setInterval(
      guarded(failed, () => this.#echo(client)),
      echoIntervalMs,
    );
    this.#options.onListening?.();
  }

  async #stayConnected(): Promise<void> {
    try {
      await this.#reconnectUntilClosed();
    } finally {
      // A new connection may have been opened while close() was dropping the previous one.
      await this.#dropClient();
    }
  }

  async #reconnectUntilClosed(): Promise<void> {
    const { signal } = this.#closed;
    let delayMs = RECONNECT_FIRST_MS;
    while (!signal.aborted) {
      const client = this.#client;
      if (client) {
        await new Promise<void>((resolve) => client.once('end', () => resolve()));
        await this.#dropClient();
      }
      if (this.#closed.signal.aborted) return;
      try {
        await this.#connect();
        delayMs = RECONNECT_FIRST_MS;
      } catch (error) {
        this.#options.onError(error instanceof Error ? error : new Error(String(error)));
        await delay(delayMs, undefined, { signal }).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, RECONNECT_LAST_MS);
      }
    }
  }

  async #echo(client: pg.Client): Promise<void> {
    if (this.#echoPending) {
      this.#options.onError(
        new Error('A listening connection no longer receives notifications; reconnecting.'),
      );
      client.connection.stream.destroy();
      return;
    }
    this.#echoPending = true;
    await client.query('SELECT pg_notify($1, $2)', [this.#echoChannel, '']).catch(this.#options.onError);
  }

  #receive({ channel, payload }: pg.Notification): void {
    if (channel === this.#echoChannel) this.#echoPending = false;
    else this.#options.onNotification(channel, payload ?? '');
  }

  async #dropClient(): Promise<void> {
    clearInterval(this.#echoTimer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}
