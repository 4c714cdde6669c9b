import type { RawData, WebSocket } from 'ws';
import type { WatchedCredential } from '../domain/credential.js';
import { guarded } from '../errors/guarded.js';
import type { Logger } from '../logging/logger.js';
import type { CredentialChanges } from './credential-changes.js';
import { CLOSE_GRACE_MS, MAX_UNREAD_BYTES } from './connection-limits.js';
import { CredentialWatch } from './credential-watch.js';
import { CLOSE_CODES } from './event-map.js';
import { MessageBudget, type BudgetLimits } from './message-budget.js';

/** Time within which a client must be authenticated. */
const SILENCE_MS = 5000;

/** What a WebSocket is used for. */
export interface SocketSubject {
  /** Takes a message that is within the budget of the connection. */
  receive(data: Buffer, isBinary: boolean): void;
  /** Releases everything: the connection has ended or is about to. Called once; nothing is received afterwards. */
  left(): void;
}

/** What a {@link ClientSocket} uses. */
export interface ClientSocketPorts {
  readonly logger: Logger;
  readonly changes: CredentialChanges;
  /** Messages of the client, pings and pongs included. */
  readonly budget: BudgetLimits;
}

const bytesOf = (data: RawData): Buffer =>
  Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);

/**
 * The WebSocket of one client, whatever it is used for. The connection ends if the client does not authenticate in time,
 * sends too many messages, does not read or does not answer pings, and when its credential ends.
 */
export class ClientSocket {
  readonly #budget: MessageBudget;
  readonly #watch: CredentialWatch;
  readonly #silence: NodeJS.Timeout;
  #subject: SocketSubject | null = null;
  #ended = false;
  /** Cleared before each ping, set by the pong. */
  #alive = true;

  readonly #socket: WebSocket;
  readonly #logger: Logger;

  constructor(socket: WebSocket, { logger, changes, budget }: ClientSocketPorts) {
    this.#socket = socket;
    this.#logger = logger;
    this.#budget = new MessageBudget(budget);
    this.#watch = new CredentialWatch({
      changes,
      onEnd: () => this.end(CLOSE_CODES.notAuthenticated, 'The credential has expired or was revoked.'),
      onError: this.fail,
    });
    this.#silence = setTimeout(
      guarded(this.fail, () =>
        this.end(CLOSE_CODES.notAuthenticated, 'The client did not authenticate in time.'),
      ),
      SILENCE_MS,
    );
    const on = <Values extends unknown[]>(event: string, listener: (...values: Values) => unknown) =>
      socket.on(event, guarded(this.fail, listener));
    on('message', (data: RawData, isBinary: boolean) => {
      if (this.#admitMessage()) this.#subject?.receive(bytesOf(data), isBinary);
    });
    on('ping', (data: Buffer) => {
      if (!this.#admitMessage() || !this.isOpen) return;
      socket.pong(data);
      this.#cutIfUnread();
    });
    on('pong', () => {
      this.#alive = true;
      this.#admitMessage();
    });
    on('close', () => this.#leave());
    socket.on('error', (error) => logger.debug('WebSocket error', { err: error }));
  }

  /** Whether messages can still be sent. */
  get isOpen(): boolean {
    return !this.#ended && this.#socket.readyState === this.#socket.OPEN;
  }

  get isPaused(): boolean {
    return this.#socket.isPaused;
  }

  /** Bytes that the client has not read yet. */
  get unreadBytes(): number {
    return this.isOpen ? this.#socket.bufferedAmount : 0;
  }

  /** Passes the messages of the client to `subject`. To be called in the turn in which the connection was opened. */
  serve(subject: SocketSubject): void {
    this.#subject = subject;
  }

  /** The client has authenticated; the connection ends with its credential, which may replace an earlier one. */
  authenticated(credential: WatchedCredential): void {
    if (!this.isOpen) return;
    clearTimeout(this.#silence);
    this.#watch.watch(credential);
  }

  /** Sends a message, then calls `sent`; a client with more than 1 MB of unread data is disconnected. */
  send(message: string | Uint8Array, sent?: () => void): void {
    if (!this.isOpen) return;
    this.#socket.send(message, sent);
    this.#cutIfUnread();
  }

  /** Reads nothing from the client until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#ended) this.#socket.resume();
  }

  /** Sends a ping, or disconnects a client that has not answered the previous one. */
  heartbeat(): void {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    this.#socket.ping();
  }

  /** Closes the connection with a close frame. */
  end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#leave();
    // The client's own close frame is read as well.
    this.#socket.resume();
    this.#socket.close(code, reason);
    // A client that keeps sending instead of closing is disconnected.
    setTimeout(
      guarded(
        () => undefined,
        () => this.#socket.terminate(),
      ),
      CLOSE_GRACE_MS,
    ).unref();
  }

  /** Closes the connection after an error in one of its listeners, since its state is unknown. */
  readonly fail = (error: unknown): void => {
    this.#logger.error('A listener of a WebSocket failed', { err: error });
    this.#socket.terminate();
  };

  /** Whether one more message is allowed; a flood closes the connection, and nothing more is read from it. */
  #admitMessage(): boolean {
    if (this.#ended) return false;
    if (this.#budget.take()) return true;
    this.end(CLOSE_CODES.flood, 'Too many messages.');
    this.#socket.pause();
    return false;
  }

  #cutIfUnread(): void {
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.#socket.terminate();
  }

  #leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silence);
    this.#watch.stop();
    this.#subject?.left();
  }
}
