import type { ClientSocket } from './client-socket.js';

/** While more messages than this are waiting, nothing is read from the socket. */
const MAX_WAITING = 16;
/** Maximum unread bytes of responses before the next message is handled. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * Handles the messages of one socket one at a time, and only as fast as the client reads the responses
 * (backpressure): a client that sends without reading blocks only its own connection.
 */
export class MessageInbox {
  readonly #socket: ClientSocket;
  readonly #onError: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #wake: (() => void) | null = null;

  constructor(socket: ClientSocket, onError: (error: unknown) => void) {
    this.#socket = socket;
    this.#onError = onError;
  }

  /** Queues a message for handling. */
  add(work: () => Promise<void>): void {
    this.#waiting += 1;
    if (this.#waiting > MAX_WAITING && !this.#socket.isPaused) this.#socket.pause();
    this.#last = this.#last.then(() => this.#handle(work)).catch(this.#onError);
  }

  /** Must be called after every message that was written, and when the connection has ended. */
  readonly sent = (): void => {
    if (this.#hasUnread()) return;
    this.#wake?.();
    this.#wake = null;
  };

  async #handle(work: () => Promise<void>): Promise<void> {
    try {
      if (this.#hasUnread()) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#socket.isOpen) await work();
    } finally {
      this.#waiting -= 1;
      if (this.#waiting <= MAX_WAITING / 2 && this.#socket.isPaused) this.#socket.resume();
    }
  }

  #hasUnread(): boolean {
    return this.#socket.unreadBytes > MAX_UNREAD_BYTES;
  }
}
