import type { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { MessageReader } from './message-reader.js';

/** Descriptor of the socket, on both sides. */
export const SOCKET_DESCRIPTOR = 3;

/** Two lengths of 32 bits. */
const LENGTHS_BYTES = 8;

/** Where messages come out. */
export interface MessageReceiver {
  /** @param bytes sent along with the message; empty if there were none */
  receive(message: unknown, bytes: Uint8Array): void;
  /** The other side wrote something that is no frame, or nothing can be written any more. */
  broken(error: unknown): void;
}

/**
 * Messages between two processes over a socket: structured values, followed by bytes that are neither copied nor
 * looked at on their way. What is sent in one go leaves in one piece.
 */
export class ChildMessageChannel {
  readonly #socket: Socket;
  #corked = false;

  /** Writes to `socket`; {@link reader} is to be given what comes from it. */
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Sends a message; later ones arrive after it.
   * @param sent called when it has left this process, or cannot
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

/** Takes what comes from the other side's {@link ChildMessageChannel.send}. */
export function messageReader(receiver: MessageReceiver): MessageReader {
  return new MessageReader({
    frame: (head, bytes) => receiver.receive(deserialize(head), bytes),
    broken: (error) => receiver.broken(error),
  });
}
