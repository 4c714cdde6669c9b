import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Reservation } from '../../lifecycle/memory-budget.js';
import type { UploadFolder } from '../upload-folder.js';

/**
 * Longer bodies and images are stored on disk until they have arrived, since many may arrive at once and some
 * may never end.
 */
export const IN_MEMORY_BYTES = 64 * 1024;
const FIRST_BYTES = 4096;

/** Where data that is too long for memory is stored. */
export interface SpillPlace {
  /** Creates an empty folder. */
  tempFolder(): Promise<UploadFolder>;
  /** Rejects a body of this announced size. @throws AppError of kind `storage_full`. */
  requireSpace(bytes: number): Promise<void>;
}

/** Resources for reading a body. */
export interface BodyRoom {
  readonly memory: Reservation;
  readonly spill: SpillPlace;
}

/**
 * Collects bytes that arrive in chunks: in memory up to {@link IN_MEMORY_BYTES}, then in a file. A body that
 * is rejected or aborted should not have used much memory, because memory is only reclaimed at the next major
 * garbage collection, after its reservation was released.
 */
export class SpillingBytes {
  #head = Buffer.alloc(0);
  #bytes = 0;
  #file: { readonly path: string; readonly handle: FileHandle } | undefined;

  readonly #place: () => Promise<string>;
  readonly #memory: Reservation;

  /**
   * @param place returns the path of a new file; called once, when it is needed
   * @param memory reservation that covers the bytes in memory
   */
  constructor(place: () => Promise<string>, memory: Reservation) {
    this.#place = place;
    this.#memory = memory;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends a chunk. Calls must not overlap. @throws AppError OUT_OF_MEMORY (unavailable), and disk errors
   */
  async write(chunk: Buffer): Promise<void> {
    if (this.#file) {
      this.#bytes += chunk.length;
      await this.#file.handle.writeFile(chunk);
      return;
    }
    if (this.#bytes + chunk.length <= IN_MEMORY_BYTES) {
      this.#memory.grow(chunk.length);
      this.#append(chunk);
      return;
    }
    const target = await this.#place();
    this.#file = { path: target, handle: await open(target, 'wx', 0o600) };
    await this.#file.handle.writeFile(this.#head.subarray(0, this.#bytes));
    await this.#file.handle.writeFile(chunk);
    this.#memory.shrink(this.#bytes);
    this.#head = Buffer.alloc(0);
    this.#bytes += chunk.length;
  }

  /**
   * All bytes or a range of them in one buffer. When {@link isInMemory} is false, the caller accounts for the
   * memory; the buffer then has an exactly sized ArrayBuffer of its own.
   */
  async read(from = 0, to = this.#bytes): Promise<Buffer> {
    if (!this.#file) return this.#head.subarray(from, to);
    const part = Buffer.allocUnsafeSlow(to - from);
    await using file = await open(this.#file.path, 'r');
    for (let filled = 0; filled < part.length;) {
      const { bytesRead } = await file.read(part, filled, part.length - filled, from + filled);
      if (bytesRead === 0) throw new Error('A spilled body is shorter than the bytes written to it.');
      filled += bytesRead;
    }
    return part;
  }

  get isInMemory(): boolean {
    return this.#file === undefined;
  }

  /** Closes the file, which can still be read afterwards. */
  async close(): Promise<void> {
    await this.#file?.handle.close();
  }

  /** Copies small chunks into one buffer, so that many tiny chunks do not cost an object each. */
  #append(chunk: Buffer): void {
    const needed = this.#bytes + chunk.length;
    if (needed > this.#head.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#head.length, needed));
      this.#head.copy(larger, 0, 0, this.#bytes);
      this.#head = larger;
    }
    this.#bytes += chunk.copy(this.#head, this.#bytes);
  }
}

/** A complete body in two buffers. */
export interface BodyParts {
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** {@link SpillingBytes} in a temporary folder, which {@link remove} deletes. */
export class SpilledBody {
  readonly #content: SpillingBytes;
  #folder: UploadFolder | undefined;

  readonly #memory: Reservation;

  constructor(place: Pick<SpillPlace, 'tempFolder'>, memory: Reservation) {
    this.#memory = memory;

    this.#content = new SpillingBytes(async () => {
      this.#folder = await place.tempFolder();
      return path.join(this.#folder.path, 'body');
    }, memory);
  }

  write(chunk: Buffer): Promise<void> {
    return this.#content.write(chunk);
  }

  /**
   * The body in two buffers: up to `splitAt` bytes, and the rest. @throws AppError OUT_OF_MEMORY
   * (unavailable)
   */
  async parts(splitAt: number): Promise<BodyParts> {
    const { bytes, isInMemory } = this.#content;
    if (!isInMemory) this.#memory.grow(bytes);
    const at = Math.min(splitAt, bytes);
    return { head: await this.#content.read(0, at), tail: await this.#content.read(at) };
  }

  async remove(): Promise<void> {
    await this.#content.close();
    await this.#folder?.remove();
  }
}
