import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '../errors/app-error.js';
import type { ConnectionGuard } from './create-sequelize.js';

/** How a database is watched. */
export interface DatabaseWatchOptions {
  readonly url: string;
  /** Hears when the server stops answering and when it answers again. */
  readonly onChange?: (answers: boolean) => void;
  /** Pause between two questions, and how long the answer to one may take. */
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
}

/** With these a frozen server is noticed within 0.5 + 2 * 0.9 seconds. */
const INTERVAL_MS = 500;
const TIMEOUT_MS = 900;
/** A single late answer may be the fault of this process, whose event loop was busy. */
const SILENT_IN_A_ROW = 2;
const RETRY_AFTER_SECONDS = 2;

type Answer = 'answered' | 'refused' | 'silent';

/**
 * Notices a server that no longer answers at all (frozen, or behind a broken line) by asking it again and again over a
 * connection of its own, and then ends all guarded connections: waiting callers get an error at once. Limits on
 * statements cannot do that, since they have to be as long as the slowest statement of a healthy server.
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
      message: 'The database does not answer at the moment.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  };

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    for (let silent = 0; !signal.aborted;) {
      silent = (await this.#ask()) === 'silent' ? silent + 1 : 0;
      this.#conclude(silent < SILENT_IN_A_ROW);
      // A first silence is looked into at once.
      if (silent !== 1) await delay(this.#options.intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #conclude(answers: boolean): void {
    if (answers === this.#answers || this.#stop.signal.aborted) return;
    this.#answers = answers;
    if (!answers) for (const socket of this.#sockets) socket.destroy();
    this.#options.onChange(answers);
  }

  /** Refusals are answers too: callers get them by themselves. */
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

  /** A connection that was silent once is not trusted again. */
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
  // The caller that waits for an answer gets the error too.
  client.on('error', () => undefined);
  return { client, socket, ready: client.connect() };
}
