/** What a {@link MessageReader} finds. */
export interface MessageListener {
  /** Each part has its own memory. */
  frame(head: Uint8Array, bytes: Uint8Array): void;
  /** What came is no frame, or the listener could not take it; nothing more is read. */
  broken(error: unknown): void;
}

const LENGTHS_BYTES = 8;
/** More than any request may bring. */
const MOST_BYTES = 2 ** 30;
const NOTHING = new Uint8Array(0);

/**
 * Puts frames together from the pieces in which a stream brings them: the lengths of two parts (32 bits each, little
 * endian), then the parts. Pieces are copied, so that their memory may be used again.
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

  /** Takes the next piece. */
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

  /** A part is full. */
  #next(): void {
    if (this.#stage === 'lengths') {
      const [head, bytes] = [this.#lengths.readUInt32LE(0), this.#lengths.readUInt32LE(4)];
      if (head + bytes > MOST_BYTES) {
        this.#break(new RangeError(`A frame of ${String(head + bytes)} bytes is too long.`));
        return;
      }
      this.#head = Buffer.allocUnsafeSlow(head);
      this.#bytes = bytes === 0 ? NOTHING : Buffer.allocUnsafeSlow(bytes);
      this.#stage = 'head';
    } else if (this.#stage === 'head') {
      // Nothing is waited for where nothing comes.
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
