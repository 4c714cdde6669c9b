import type { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { MessageReader } from './message-reader.js';

/** File descriptor of the socket, on both sides. */
export const SOCKET_DESCRIPTOR = 3;

/** Two lengths of 32 bits. */
const LENGTHS_BYTES = 8;

/** Receives messages. */
export interface MessageReceiver {
  /** @param bytes binary data attached to the message; empty if there is none */
  receive(message: unknown, bytes: Uint8Array): void;
  /** Called when the other side sent invalid data, or when nothing can be written any more. */
  broken(error: unknown): void;
}

/**
 * Messages between two processes over a socket: structured values, followed by binary data that is neither
 * copied nor inspected. Messages sent in the same turn are written in one piece.
 */
export class ChildMessageChannel {
  readonly #socket: Socket;
  #corked = false;

  /** Writes to `socket`; data read from it must be passed to a {@link messageReader}. */
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Sends a message; messages arrive in order.
   * @param sent called when it has left this process, or cannot be sent
   */
  send(message: unknown, bytes?: Uint8Array, sent?: () => void): void {
    if (this.#socket.destroyed) {
      sent?.();
      return;
    }
    this.#corkOnce();
    const head = serialize(message);
    const lengths = Buffer.allocUnsafe(LENGTHS_BYTES);
    lengths.writeUInt32LE(head.length, 0);
    lengths.writeUInt32LE(bytes?.length ?? 0, 4);
    this.#socket.write(lengths);
    const done = sent && (() => sent());
    if (bytes === undefined || bytes.length === 0) this.#socket.write(head, done);
    else {
      this.#socket.write(head);
      this.#socket.write(bytes, done);
    }
  }

  #corkOnce(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }
}

/** Creates the reader for data sent with {@link ChildMessageChannel.send} on the other side. */
export function messageReader(receiver: MessageReceiver): MessageReader {
  return new MessageReader({
    frame: (head, bytes) => receiver.receive(deserialize(head), bytes),
    broken: (error) => receiver.broken(error),
  });
}
