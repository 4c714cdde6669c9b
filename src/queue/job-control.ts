import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const CHANNEL = 'job_control';
const RECONNECT_FIRST_MS = 100;
const RECONNECT_LAST_MS = 2_000;
const ECHO_INTERVAL_MS = 10_000;

const controlMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('cancel'), jobId: z.uuid() }),
  z.object({ type: z.literal('echo'), id: z.string() }),
]);

/** Says to all workers that a job's row has changed under them. */
export interface JobControl {
  /** A hint: workers also notice at the next renewal of the lease. Never throws. */
  announceCancel(jobId: string): Promise<void>;
}

/** Sends control messages as Postgres notifications. */
export class PostgresJobControl implements JobControl {
  readonly #pool: pg.Pool;
  readonly #onError: (error: Error) => void;

  constructor(pool: pg.Pool, onError: (error: Error) => void) {
    this.#pool = pool;
    this.#onError = onError;
  }

  async announceCancel(jobId: string): Promise<void> {
    try {
      await this.#pool.query('SELECT pg_notify($1, $2)', [
        CHANNEL,
        JSON.stringify({ type: 'cancel', jobId }),
      ]);
    } catch (error) {
      this.#onError(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** What {@link JobControlListener} tells its owner. */
export interface JobControlListenerOptions {
  readonly connection: pg.ClientConfig;
  readonly onCancel: (jobId: string) => void;
  readonly onError: (error: Error) => void;
}

/**
 * Listens for control messages on a connection of its own and reconnects with back-off. An echo
 * through the server every 10 s proves that the connection still hears; silence rebuilds it.
 */
export class JobControlListener {
  readonly #options: JobControlListenerOptions;
  readonly #closed = new AbortController();
  #client: pg.Client | undefined;
  #echoTimer: NodeJS.Timeout | undefined;
  #pendingEcho: string | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: JobControlListenerOptions) {
    this.#options = options;
  }

  /** Starts listening; resolves once the first connection listens. Later losses heal by themselves. */
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
    const client = new pg.Client({
      ...this.#options.connection,
      keepAlive: true,
      connectionTimeoutMillis: 2_000,
    });
    // Without a handler a lost connection would end the process.
    client.on('error', this.#options.onError);
    client.on('notification', ({ payload }) => this.#receive(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    this.#pendingEcho = undefined;
    this.#echoTimer = setInterval(() => void this.#echo(client), ECHO_INTERVAL_MS);
  }

  async #stayConnected(): Promise<void> {
    try {
      await this.#reconnectUntilClosed();
    } finally {
      // A connection may have been made while close() was already dropping the one before.
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
    if (this.#pendingEcho !== undefined) {
      this.#options.onError(new Error('The control connection went silent; it is rebuilt.'));
      client.connection?.stream?.destroy();
      return;
    }
    this.#pendingEcho = `${process.pid}-${Date.now()}`;
    const message = JSON.stringify({ type: 'echo', id: this.#pendingEcho });
    await client.query('SELECT pg_notify($1, $2)', [CHANNEL, message]).catch(this.#options.onError);
  }

  #receive(payload: string): void {
    const parsed = controlMessage.safeParse(parseJson(payload));
    if (!parsed.success) return;
    if (parsed.data.type === 'echo') {
      if (parsed.data.id === this.#pendingEcho) this.#pendingEcho = undefined;
      return;
    }
    this.#options.onCancel(parsed.data.jobId);
  }

  async #dropClient(): Promise<void> {
    clearInterval(this.#echoTimer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
