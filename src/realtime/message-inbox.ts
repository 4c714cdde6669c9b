import type { WebSocket } from 'ws';

/** While more messages than this are waiting, nothing is read from the socket. */
const MAX_WAITING = 16;
/** Maximum unread bytes of responses before the next message is handled. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * Handles the messages of one socket one at a time, and only as fast as the client reads the responses
 * (backpressure): a client that sends without reading blocks only its own connection.
 */
export class MessageInbox {
  readonly #socket: WebSocket;
  readonly #onError: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #wake: (() => void) | null = null;

  constructor(socket: WebSocket, onError: (error: unknown) => void) {
    this.#socket = socket;
    this.#onError = onError;
    socket.once('close', this.sent);
  }

  /** Queues a message for handling. */
  add(work: () => Promise<void>): void {
    this.#waiting += 1;
    if (this.#waiting > MAX_WAITING && !this.#socket.isPaused) this.#socket.pause();
    this.#last = this.#last.then(() => this.#handle(work)).catch(this.#onError);
  }

  /** Must be called after every message that was written, and on close. */
  readonly sent = (): void => {
    if (this.#hasUnread()) return;
    this.#wake?.();
    this.#wake = null;
  };

  async #handle(work: () => Promise<void>): Promise<void> {
    try {
      if (this.#hasUnread()) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#socket.readyState === this.#socket.OPEN) await work();
    } finally {
      this.#waiting -= 1;
      if (this.#waiting <= MAX_WAITING / 2 && this.#socket.isPaused) this.#socket.resume();
    }
  }

  #hasUnread(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount > MAX_UNREAD_BYTES;
  }
}
