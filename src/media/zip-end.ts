import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, openPromise, RandomAccessReader, type ZipFile } from 'yauzl';

const SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
/** Bytes of the record at the end without its comment (APPNOTE 4.3.16). */
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
/** So much may follow the archive: downloads and disks fill files up. */
const MOST_PADDING = 64 * 1024;

/** Names are decoded and judged by our own rules, since yauzl would turn backslashes into slashes first; so are sizes. */
const OPTIONS = { decodeStrings: false, validateEntrySizes: false, autoClose: false } as const;

/** Opens an archive; bytes that follow its end are left out, as every unpacking program does. */
export async function openFile(path: string): Promise<ZipFile> {
  const { end, size } = await endOf(path);
  if (end === null || end === size) return openPromise(path, OPTIONS);
  return fromRandomAccessReaderPromise(new FileReader(path), end, OPTIONS);
}

/** The offset behind the archive's last record; null where there is none. */
async function endOf(path: string): Promise<{ end: number | null; size: number }> {
  await using file = await open(path, 'r');
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
    if (end <= length) return { end: from + end, size };
  }
  return { end: null, size };
}

/** Reads a file by ranges. */
class FileReader extends RandomAccessReader {
  constructor(private readonly path: string) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return createReadStream(this.path, { start, end: end - 1 });
  }
}
