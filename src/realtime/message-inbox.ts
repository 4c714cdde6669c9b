import type { WebSocket } from 'ws';

/** Beyond so many waiting messages nothing more is read from the socket until they are handled. */
const MAX_WAITING = 16;
/** Answers that may wait for their reader before the next message is handled. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * The messages of one socket, handled one at a time and only as fast as the client reads the answers: one that asks
 * without reading is stopped by its own connection.
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

  /** Handles a message after those before it. */
  add(work: () => Promise<void>): void {
    this.#waiting += 1;
    if (this.#waiting > MAX_WAITING && !this.#socket.isPaused) this.#socket.pause();
    this.#last = this.#last.then(() => this.#handle(work)).catch(this.#onError);
  }

  /** To be called after every message that was written, and with the close. */
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
