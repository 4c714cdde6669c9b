import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { lockNameOf, type UploadLocks } from '../domain/incoming-upload.js';
import { AppError } from '../errors/app-error.js';
import { guarded } from '../errors/guarded.js';

const CHANNEL = 'upload_locks';
const CONNECT_TIMEOUT_MS = 2_000;
const QUERY_TIMEOUT_MS = 10_000;
const RETRY_MS = 250;
const MAX_WAIT_MS = 30_000;

interface Held {
  onRequested?(): void;
  onLost?(): void;
  /** Aborted when the lock is released. */
  readonly released: AbortController;
}

type LockOptions = NonNullable<Parameters<UploadLocks['acquire']>[1]>;

/**
 * Advisory locks of one PostgreSQL session, which are free again as soon as the process or its connection is gone. The
 * session can take the same lock twice, so the locks of this process are also kept in a map.
 */
export class PostgresUploadLocks implements UploadLocks {
  readonly #connection: pg.ClientConfig;
  readonly #onError: (error: Error) => void;
  readonly #maxWaitMs: number;
  readonly #held = new Map<string, Held>();
  #client: Promise<pg.Client> | undefined;

  constructor(
    connection: pg.ClientConfig,
    onError: (error: Error) => void,
    { maxWaitMs = MAX_WAIT_MS }: { readonly maxWaitMs?: number } = {},
  ) {
    this.#connection = connection;
    this.#onError = onError;
    this.#maxWaitMs = maxWaitMs;
  }

  async acquire(key: string, options: LockOptions = {}): Promise<AsyncDisposable> {
    const { signal } = options;
    const giveUpAt = performance.now() + this.#maxWaitMs;
    for (;;) {
      signal?.throwIfAborted();
      const lock = await this.#tryAcquire(key, options);
      if (lock) return lock;
      if (performance.now() >= giveUpAt) throw busy();
      await this.#released(key, signal);
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #tryAcquire(key: string, options: LockOptions): Promise<AsyncDisposable | null> {
    const holder = this.#held.get(key);
    if (holder) {
      holder.onRequested?.();
      return null;
    }
    const held: Held = { ...pick(options), released: new AbortController() };
    // Before the first await, so that no other request of this process takes the lock as well.
    this.#held.set(key, held);
    let client: pg.Client;
    try {
      client = await this.#connect();
      const { rows } = await client.query<{ locked: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1::text, 0)) AS locked',
        [lockNameOf(key)],
      );
      if (!rows[0].locked) {
        this.#forget(key, held);
        await client.query('SELECT pg_notify($1, $2)', [CHANNEL, key]);
        return null;
      }
    } catch (error) {
      this.#forget(key, held);
      throw unavailable(error);
    }
    return { [Symbol.asyncDispose]: () => this.#release(key, held, client) };
  }

  async #release(key: string, held: Held, client: pg.Client): Promise<void> {
    if (this.#held.get(key) === held) {
      await client
        .query('SELECT pg_advisory_unlock(hashtextextended($1::text, 0))', [lockNameOf(key)])
        // A session that may still hold the lock is given up, which releases it.
        .catch(() => client.connection.stream.destroy());
    }
    this.#forget(key, held);
  }

  #forget(key: string, held: Held): void {
    if (this.#held.get(key) === held) this.#held.delete(key);
    held.released.abort();
  }

  /** Waits until a holder in this process releases the lock, or a moment for those of others. */
  async #released(key: string, signal: AbortSignal | undefined): Promise<void> {
    const here = this.#held.get(key)?.released.signal;
    if (here?.aborted) return;
    const stop = AbortSignal.any([...(here ? [here] : []), ...(signal ? [signal] : [])]);
    await delay(RETRY_MS, undefined, { signal: stop }).catch(() => undefined);
  }

  #connect(): Promise<pg.Client> {
    this.#client ??= this.#open().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.#connection,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    // Without a handler a lost connection would end the process.
    client.on('error', this.#onError);
    client.on(
      'notification',
      guarded(this.#failed, ({ payload }: pg.Notification) => this.#held.get(payload ?? '')?.onRequested?.()),
    );
    client.once(
      'end',
      guarded(this.#failed, () => this.#lose()),
    );
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return client;
  }

  readonly #failed = (error: unknown): void =>
    this.#onError(error instanceof Error ? error : new Error(String(error)));

  /** The server has released all locks of the session. */
  #lose(): void {
    this.#client = undefined;
    for (const [key, held] of [...this.#held]) {
      this.#forget(key, held);
      held.onLost?.();
    }
  }
}

const pick = ({ onRequested, onLost }: LockOptions): Pick<Held, 'onRequested' | 'onLost'> => ({
  onRequested: onRequested && (() => onRequested()),
  onLost: onLost && (() => onLost()),
});

/** Without the database there are no locks. */
const unavailable = (cause: unknown): AppError =>
  new AppError('DATABASE_UNAVAILABLE', {
    message: 'The database cannot be reached at the moment.',
    cause,
  });

const busy = (): AppError =>
  new AppError('UPLOAD_BUSY', {
    message: 'Another request is working on this upload.',
    retryAfterSeconds: 1,
  });
