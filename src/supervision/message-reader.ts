/** Receives what a {@link MessageReader} parses. */
export interface MessageListener {
  /** Called per message; each part has its own memory. */
  frame(head: Uint8Array, bytes: Uint8Array): void;
  /** Called when the data is not a message, or when the listener threw; reading stops then. */
  broken(error: unknown): void;
}

const LENGTHS_BYTES = 8;
/** Maximum size of a message in bytes, more than any request needs. */
const MAX_BYTES = 2 ** 30;
const NOTHING = new Uint8Array(0);

/**
 * Assembles messages from the chunks of a stream: the lengths of two parts (32 bits each, little endian),
 * then the parts. Chunks are copied, so that their memory can be reused.
 */
export class MessageReader {
  readonly #listener: MessageListener;
  readonly #lengths = Buffer.alloc(LENGTHS_BYTES);
  #head: Uint8Array = NOTHING;
  #bytes: Uint8Array = NOTHING;
  #stage: 'lengths' | 'head' | 'bytes' = 'lengths';
  #filled = 0;
  #broken = false;

  constructor(listener: MessageListener) {
    this.#listener = listener;
  }

  /** Adds the next chunk. */
  push(piece: Uint8Array): void {
    let from = 0;
    while (!this.#broken) {
      const part = this.#part();
      const end = Math.min(from + part.length - this.#filled, piece.length);
      part.set(piece.subarray(from, end), this.#filled);
      this.#filled += end - from;
      from = end;
      if (this.#filled < part.length) return;
      this.#filled = 0;
      this.#next();
    }
  }

  #part(): Uint8Array {
    if (this.#stage === 'lengths') return this.#lengths;
    return this.#stage === 'head' ? this.#head : this.#bytes;
  }

  /** Called when a part is complete. */
  #next(): void {
    if (this.#stage === 'lengths') {
      const [head, bytes] = [this.#lengths.readUInt32LE(0), this.#lengths.readUInt32LE(4)];
      if (head + bytes > MAX_BYTES) {
        this.#break(
          new RangeError(
            `A message of ${String(head + bytes)} bytes exceeds the limit of ${String(MAX_BYTES)} bytes.`,
          ),
        );
        return;
      }
      this.#head = Buffer.allocUnsafeSlow(head);
      this.#bytes = bytes === 0 ? NOTHING : Buffer.allocUnsafeSlow(bytes);
      this.#stage = 'head';
    } else if (this.#stage === 'head') {
      // An empty part needs no further data.
      this.#stage = 'bytes';
    } else {
      this.#stage = 'lengths';
      this.#give(this.#head, this.#bytes);
    }
  }

  #give(head: Uint8Array, bytes: Uint8Array): void {
    this.#head = this.#bytes = NOTHING;
    try {
      this.#listener.frame(head, bytes);
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#broken = true;
    this.#listener.broken(error);
  }
}
