import { open, type FileHandle } from 'node:fs/promises';
import type { RecordingEntry, RecordingLog } from '../domain/servo-recording.js';

/** Length of the JSON, then of the bytes, 32 bits each. */
const LENGTHS_BYTES = 8;
/** How often written data is forced to stable storage. */
const SYNC_INTERVAL_MS = 1_000;
const CHUNK_BYTES = 2 ** 20;
/** A longer JSON is no entry but a damaged file. */
const MAX_JSON_BYTES = 2 ** 20;

/** One entry as it was read. */
export interface ReadEntry {
  readonly json: unknown;
  readonly bytes: Uint8Array;
}

/** {@link RecordingLog} in a file: entries one after the other, each `<u32 json length><u32 bytes length><json><bytes>`. */
export class RecordingFile implements RecordingLog {
  readonly #file: FileHandle;
  readonly #failedWith: (error: unknown) => void;
  readonly #sync: NodeJS.Timeout;
  #waiting: Uint8Array[] = [];
  #writing: Promise<void> | null = null;
  #bytes = 0;
  #pending = 0;
  #dirty = false;
  #failed = false;

  private constructor(file: FileHandle, failedWith: (error: unknown) => void) {
    this.#file = file;
    this.#failedWith = failedWith;
    this.#sync = setInterval(() => void this.#flush(), SYNC_INTERVAL_MS).unref();
  }

  /** @param failedWith called once, when nothing can be written any more */
  static async create(path: string, failedWith: (error: unknown) => void): Promise<RecordingFile> {
    return new RecordingFile(await open(path, 'wx', 0o600), failedWith);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get pendingBytes(): number {
    return this.#pending;
  }

  get failed(): boolean {
    return this.#failed;
  }

  append(entry: RecordingEntry, bytes: Uint8Array = new Uint8Array()): void {
    if (this.#failed) return;
    const json = Buffer.from(JSON.stringify(entry));
    const lengths = Buffer.allocUnsafe(LENGTHS_BYTES);
    lengths.writeUInt32LE(json.length, 0);
    lengths.writeUInt32LE(bytes.length, 4);
    const length = LENGTHS_BYTES + json.length + bytes.length;
    this.#bytes += length;
    this.#pending += length;
    this.#waiting.push(lengths, json, bytes);
    this.#writing ??= this.#write().finally(() => (this.#writing = null));
  }

  async close(): Promise<void> {
    clearInterval(this.#sync);
    while (this.#writing) await this.#writing;
    await this.#flush();
    await this.#file.close().catch((error: unknown) => this.#fail(error));
  }

  /** Writes what waits, and what is appended meanwhile. */
  async #write(): Promise<void> {
    // Entries of the same turn are written at once.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        const data = Buffer.concat(this.#waiting);
        this.#waiting = [];
        // Unlike `write` this repeats until everything is written.
        await this.#file.appendFile(data);
        this.#pending -= data.length;
        this.#dirty = true;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #flush(): Promise<void> {
    if (!this.#dirty || this.#failed) return;
    this.#dirty = false;
    await this.#file.datasync().catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#waiting = [];
    this.#pending = 0;
    if (this.#failed) return;
    this.#failed = true;
    this.#failedWith(error);
  }
}

/**
 * Reads the entries of a recording in order. An incomplete entry at the end, which a killed process leaves, ends the
 * recording.
 */
export async function* readRecording(path: string): AsyncGenerator<ReadEntry, void, undefined> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const reader = new ChunkedReader(file);
  for (let position = 0; ;) {
    const lengths = await reader.take(LENGTHS_BYTES);
    if (!lengths) return;
    const [jsonLength, bytesLength] = [lengths.readUInt32LE(0), lengths.readUInt32LE(4)];
    position += LENGTHS_BYTES + jsonLength + bytesLength;
    // Damaged lengths must not become a request for gigabytes.
    if (jsonLength > MAX_JSON_BYTES || position > size) return;
    const entry = await reader.take(jsonLength + bytesLength);
    if (!entry) return;
    const json = parsed(entry.toString('utf8', 0, jsonLength));
    if (json === null) return;
    yield { json, bytes: entry.subarray(jsonLength) };
  }
}

/** Reads a file from its beginning, in large pieces: most entries have a few hundred bytes. */
class ChunkedReader {
  readonly #file: FileHandle;
  #buffer = Buffer.alloc(0);
  #position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The next bytes; null if the file has fewer. */
  async take(length: number): Promise<Buffer | null> {
    while (this.#buffer.length < length) {
      const chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length - this.#buffer.length));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, this.#position);
      if (bytesRead === 0) return null;
      this.#position += bytesRead;
      this.#buffer = Buffer.concat([this.#buffer, chunk.subarray(0, bytesRead)]);
    }
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
