import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '../errors/app-error.js';
import type { ConnectionGuard } from './create-sequelize.js';

/** Options of {@link DatabaseWatch}. */
export interface DatabaseWatchOptions {
  readonly url: string;
  /** Called when the server stops responding and when it responds again. */
  readonly onChange?: (answers: boolean) => void;
  /** Interval between checks, and the time limit of each, in milliseconds. */
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
}

/** With these values an unresponsive server is detected within 0.5 + 2 * 0.9 seconds. */
const INTERVAL_MS = 500;
const TIMEOUT_MS = 900;
/** A single timeout is ignored, because it may be caused by a busy event loop in this process. */
const MAX_CONSECUTIVE_TIMEOUTS = 2;
const RETRY_AFTER_SECONDS = 2;

type Answer = 'answered' | 'refused' | 'silent';

/**
 * Detects a server that no longer responds at all (frozen or unreachable) by querying it periodically over a
 * separate connection, and then destroys all guarded connections, so that waiting callers fail immediately.
 * Statement timeouts cannot do that, since they must allow for the slowest statement of a healthy server.
 */
export class DatabaseWatch implements ConnectionGuard {
  readonly #options: Required<DatabaseWatchOptions>;
  readonly #sockets = new Set<Socket>();
  readonly #stop = new AbortController();
  #line: Line | undefined;
  #answers = true;
  #rounds: Promise<void> = Promise.resolve();

  constructor(options: DatabaseWatchOptions) {
    this.#options = {
      onChange: () => undefined,
      intervalMs: INTERVAL_MS,
      timeoutMs: TIMEOUT_MS,
      ...options,
    };
  }

  start(): void {
    this.#rounds = this.#watch();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#drop();
    await this.#rounds;
  }

  readonly socket = (): Socket => {
    const socket = new Socket();
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  };

  readonly requireAnswers = (): void => {
    if (this.#answers) return;
    throw new AppError('DATABASE_UNAVAILABLE', {
      message: 'The database does not respond at the moment.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  };

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    for (let silent = 0; !signal.aborted;) {
      silent = (await this.#ask()) === 'silent' ? silent + 1 : 0;
      this.#conclude(silent < MAX_CONSECUTIVE_TIMEOUTS);
      // After the first timeout the next check follows immediately.
      if (silent !== 1) await delay(this.#options.intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #conclude(answers: boolean): void {
    if (answers === this.#answers || this.#stop.signal.aborted) return;
    this.#answers = answers;
    if (!answers) for (const socket of this.#sockets) socket.destroy();
    this.#options.onChange(answers);
  }

  /**
   * Runs one check. An error response of the server counts as an answer: callers get such errors by
   * themselves.
   */
  async #ask(): Promise<Answer> {
    const asking = this.#query().then<Answer, Answer>(
      () => 'answered',
      () => 'refused',
    );
    const timer = new AbortController();
    const silence = delay(this.#options.timeoutMs, 'silent' as const, { signal: timer.signal });
    const answer = await Promise.race([asking, silence]);
    timer.abort();
    silence.catch(() => undefined);
    if (answer !== 'answered') this.#drop();
    return answer;
  }

  async #query(): Promise<void> {
    const line = (this.#line ??= openLine(this.#options.url));
    await line.ready;
    await line.client.query('SELECT 1');
  }

  /** Drops the connection; after a timeout it is not reused. */
  #drop(): void {
    this.#line?.socket.destroy();
    this.#line = undefined;
  }
}

/** The watch's own connection. */
interface Line {
  readonly client: pg.Client;
  readonly socket: Socket;
  readonly ready: Promise<unknown>;
}

function openLine(url: string): Line {
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: url,
    application_name: 'infernode-watch',
    stream: () => socket,
  });
  // The pending query reports the error too.
  client.on('error', () => undefined);
  return { client, socket, ready: client.connect() };
}
