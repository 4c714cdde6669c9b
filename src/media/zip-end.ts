import { createReadStream, read } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';

const SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
/** Bytes of the record at the end without its comment (APPNOTE 4.3.16). */
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
/** So much may follow the archive: downloads and disks fill files up. */
const MOST_PADDING = 64 * 1024;

/** Names are decoded and judged by our own rules, since yauzl would turn backslashes into slashes first; so are sizes. */
const OPTIONS = { decodeStrings: false, validateEntrySizes: false, autoClose: false } as const;

/**
 * Opens an archive; bytes that follow its end are left out, as every unpacking program does.
 * Close it on every path: until then the file stays open.
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

/** The offset behind the archive's last record; the file's end where there is none. */
async function endOf(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const length = Math.min(size, END_BYTES + LONGEST_COMMENT + MOST_PADDING);
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
 * Reads ranges of an archive. Offsets come from the archive (those of ZIP64 have 64 bits), and yauzl asks for them inside of its
 * callbacks, where what Node throws for a number that no file can have would reach nobody: the caller would wait for ever.
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
    return new Error(`the archive has ${this.#end} bytes, the bytes ${start} to ${end} are asked for`);
  }
}
