import { open } from 'node:fs/promises';
import type { RecordingEntry, RecordingLog } from '../../domain/servo-recording.js';
import type { RecordingFile } from '../recording-file.js';

/** How often new bytes are sent; a process that is killed loses at most the last of these. */
const INTERVAL_MS = 5_000;
/** Longest segment, which is held in memory. */
const MAX_SEGMENT_BYTES = 8 * 2 ** 20;

/** What a {@link SegmentedRecording} is made of. */
export interface SegmentedRecordingParts {
  readonly file: RecordingFile;
  readonly path: string;
  /** Stores bytes of the recording that begin at an offset. */
  readonly send: (offset: number, bytes: Buffer) => Promise<void>;
  readonly removeFile: () => Promise<void>;
  /** Called when the recording could not be stored completely. */
  readonly failedWith: (error: unknown) => void;
}

/** {@link RecordingLog} in a local file, whose bytes are stored elsewhere in segments. */
export class SegmentedRecording implements RecordingLog {
  readonly #parts: SegmentedRecordingParts;
  readonly #timer: NodeJS.Timeout;
  #sentBytes = 0;
  #sending: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(parts: SegmentedRecordingParts) {
    this.#parts = parts;
    // A failure of the store may pass: the bytes are sent with the next segment.
    this.#timer = setInterval(() => void this.#sendNew().catch(() => undefined), INTERVAL_MS).unref();
  }

  get bytes(): number {
    return this.#parts.file.bytes;
  }

  get pendingBytes(): number {
    return this.#parts.file.pendingBytes;
  }

  get failed(): boolean {
    return this.#failed || this.#parts.file.failed;
  }

  append(entry: RecordingEntry, bytes?: Uint8Array): void {
    this.#parts.file.append(entry, bytes);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#parts.file.close();
    try {
      await this.#sendNew();
    } catch (error) {
      this.#failed = true;
      this.#parts.failedWith(error);
    }
    await this.#parts.removeFile();
  }

  /** Sends what the file has and the store does not, one call after the other. */
  #sendNew(): Promise<void> {
    this.#sending = this.#sending.catch(() => undefined).then(() => this.#sendSegments());
    return this.#sending;
  }

  async #sendSegments(): Promise<void> {
    const { file, path, send } = this.#parts;
    const end = file.bytes - file.pendingBytes;
    if (end <= this.#sentBytes) return;
    await using source = await open(path, 'r');
    while (this.#sentBytes < end) {
      const segment = Buffer.alloc(Math.min(MAX_SEGMENT_BYTES, end - this.#sentBytes));
      const { bytesRead } = await source.read(segment, 0, segment.length, this.#sentBytes);
      if (bytesRead === 0) return;
      await send(this.#sentBytes, segment.subarray(0, bytesRead));
      this.#sentBytes += bytesRead;
    }
  }
}
