import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Reservation } from '../../lifecycle/memory-budget.js';
import type { UploadFolder } from '../upload-folder.js';

/** Longer bodies and images wait on disk until they have arrived: many may come at once, and may never end. */
export const IN_MEMORY_BYTES = 64 * 1024;
const FIRST_BYTES = 4096;

/** Where what is too long for memory goes. */
export interface SpillPlace {
  /** Makes an empty folder. */
  tempFolder(): Promise<UploadFolder>;
  /** Refuses a body of so many announced bytes. @throws AppError of kind `storage_full`. */
  requireSpace(bytes: number): Promise<void>;
}

/** What a body takes of the process while it is read. */
export interface BodyRoom {
  readonly memory: Reservation;
  readonly spill: SpillPlace;
}

/**
 * Bytes that arrive in pieces: in memory up to {@link IN_MEMORY_BYTES}, then in a file. Memory that a reservation gives
 * back is not free before the next major garbage collection; a body that is refused or given up must not have taken any.
 */
export class SpillingBytes {
  #head = Buffer.alloc(0);
  #bytes = 0;
  #file: { readonly path: string; readonly handle: FileHandle } | undefined;

  readonly #place: () => Promise<string>;
  readonly #memory: Reservation;

  /**
   * @param place names a new file; asked once, when it is needed
   * @param memory what is kept in memory is taken from it
   */
  constructor(place: () => Promise<string>, memory: Reservation) {
    this.#place = place;
    this.#memory = memory;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a piece; one at a time. @throws AppError OUT_OF_MEMORY (unavailable), and errors of the disk */
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
   * Everything or a part in one piece of memory, which is the caller's to account for where {@link isInMemory} says no.
   * What was on disk fills an ArrayBuffer of its own exactly.
   */
  async read(from = 0, to = this.#bytes): Promise<Buffer> {
    if (!this.#file) return this.#head.subarray(from, to);
    const part = Buffer.allocUnsafeSlow(to - from);
    await using file = await open(this.#file.path, 'r');
    for (let filled = 0; filled < part.length;) {
      const { bytesRead } = await file.read(part, filled, part.length - filled, from + filled);
      if (bytesRead === 0) throw new Error('A body on disk is shorter than what was written.');
      filled += bytesRead;
    }
    return part;
  }

  get isInMemory(): boolean {
    return this.#file === undefined;
  }

  /** Closes the file, which stays readable. */
  async close(): Promise<void> {
    await this.#file?.handle.close();
  }

  /** Small pieces are not kept as objects of their own. */
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

/** A body that has arrived. */
export interface BodyParts {
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** {@link SpillingBytes} in a folder of their own, which is removed with {@link remove}. */
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

  /** The body in two pieces of memory: up to `splitAt` bytes, and the rest. @throws AppError OUT_OF_MEMORY (unavailable) */
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
