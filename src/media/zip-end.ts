import { createReadStream, read } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';

const SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
/** Size of the end of central directory record without its comment (APPNOTE 4.3.16). */
const END_BYTES = 22;
const MAX_COMMENT_LENGTH = 0xffff;
/** Maximum number of bytes after the archive; some downloads and file systems pad files. */
const MAX_PADDING = 64 * 1024;

/** Names and sizes are validated by our own rules; yauzl would first convert backslashes to slashes. */
const OPTIONS = { decodeStrings: false, validateEntrySizes: false, autoClose: false } as const;

/**
 * Opens an archive. Bytes after its end are ignored, as by every other unzip program. The caller must close
 * it on every path, otherwise the file stays open.
 */
export async function openFile(path: string): Promise<ZipFile> {
  const file = await open(path, 'r');
  try {
    const end = await endOf(file);
    return await fromRandomAccessReaderPromise(new RangeReader(file, path, end), end, OPTIONS);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The offset after the archive's last record; the end of the file if there is none. */
async function endOf(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const length = Math.min(size, END_BYTES + MAX_COMMENT_LENGTH + MAX_PADDING);
  const from = size - length;
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, from);
  for (
    let at = buffer.lastIndexOf(SIGNATURE);
    at >= 0;
    at = at > 0 ? buffer.lastIndexOf(SIGNATURE, at - 1) : -1
  ) {
    if (at + END_BYTES > length) continue;
    const end = at + END_BYTES + buffer.readUInt16LE(at + 20);
    if (end <= length) return from + end;
  }
  return size;
}

/**
 * Reads ranges of an archive. Offsets come from the archive (64 bits in ZIP64), and yauzl requests them
 * inside of its callbacks, where an exception that Node throws for an impossible offset would be lost and the
 * caller would wait forever. Offsets are therefore checked first.
 */
class RangeReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #end: number;

  constructor(file: FileHandle, path: string, end: number) {
    super();
    this.#file = file;
    this.#path = path;
    this.#end = end;
  }

  override read(
    ...[buffer, offset, length, position, callback]: Parameters<RandomAccessReader['read']>
  ): void {
    if (!this.#holds(position, position + length)) {
      setImmediate(callback, this.#outside(position, position + length));
      return;
    }
    read(this.#file.fd, buffer, offset, length, position, (err, count) => {
      callback(err ?? (count < length ? this.#outside(position, position + length) : null));
    });
  }

  override createReadStream({ start, end }: { start: number; end: number }): Readable {
    if (this.#holds(start, end)) return super.createReadStream({ start, end });
    const outside = this.#outside(start, end);
    return new Readable({
      read() {
        this.destroy(outside);
      },
    });
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return createReadStream(this.#path, { start, end: end - 1 });
  }

  override close(callback: (err: Error | null) => void): void {
    this.#file.close().then(() => callback(null), callback);
  }

  #holds(start: number, end: number): boolean {
    return start >= 0 && start <= end && end <= this.#end;
  }

  #outside(start: number, end: number): Error {
    return new Error(`the range ${start} to ${end} is outside of the archive, which has ${this.#end} bytes`);
  }
}
