import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ArchiveFile, ArchiveLayout, ArchiveRange } from '../domain/dataset-archive.js';
import { AppError } from '../errors/app-error.js';
import {
  centralRecord,
  endRecords,
  localHeader,
  sizeDescriptor,
  type ZipRecord,
} from './stored-zip-records.js';

/** Number of checksums that {@link StoredZips} remembers: less than 3 MB. */
const MAX_REMEMBERED = 20_000;

/**
 * ZIP archives without compression, which are not stored anywhere: their bytes are a function of their files, so that
 * their size is known before the first byte and any range can be produced alone. ZIP64 where sizes or counts need it.
 */
export class StoredZips {
  /** CRC-32 by SHA-256 of files that were read completely, the least recently used first. */
  readonly #checksums = new Map<string, number>();

  /** The archive of these files, in this order. */
  layout(files: readonly ArchiveFile[]): ArchiveLayout {
    return new StoredZip(files, {
      get: (sha256) => this.#checksums.get(sha256),
      keep: (sha256, crc) => this.#keep(sha256, crc),
    });
  }

  #keep(sha256: string, crc: number): void {
    this.#checksums.delete(sha256);
    this.#checksums.set(sha256, crc);
    if (this.#checksums.size <= MAX_REMEMBERED) return;
    for (const [oldest] of this.#checksums) {
      this.#checksums.delete(oldest);
      return;
    }
  }
}

interface Checksums {
  get(sha256: string): number | undefined;
  keep(sha256: string, crc: number): void;
}

/** A file at its place in the archive. */
interface Placed {
  readonly file: ArchiveFile;
  /** Of its local header. */
  readonly offset: number;
  readonly header: Buffer;
}

class StoredZip implements ArchiveLayout {
  readonly bytes: number;
  readonly #placed: readonly Placed[];
  /** Offset of the central directory. */
  readonly #directory: number;
  readonly #checksums: Checksums;

  constructor(files: readonly ArchiveFile[], checksums: Checksums) {
    let offset = 0;
    const placed: Placed[] = [];
    for (const file of files) {
      const header = localHeader(file);
      placed.push({ file, offset, header });
      offset += header.length + file.bytes + sizeDescriptor(file, 0).length;
    }
    this.#placed = placed;
    this.#directory = offset;
    this.#checksums = checksums;
    const records = placed.reduce(
      (sum, { file, offset: at }) => sum + centralRecord({ ...file, offset: at, crc: 0 }).length,
      0,
    );
    this.bytes = offset + records + this.#end(records).length;
  }

  async *read({ start, end }: ArchiveRange = { start: 0, end: this.bytes - 1 }): AsyncGenerator<Buffer> {
    const cut = (offset: number, bytes: Buffer): Buffer =>
      bytes.subarray(Math.max(0, start - offset), Math.max(0, end + 1 - offset));
    const overlaps = (offset: number, length: number): boolean =>
      length > 0 && offset <= end && offset + length > start;
    for (const { file, offset, header } of this.#placed) {
      if (overlaps(offset, header.length)) yield cut(offset, header);
      const data = offset + header.length;
      if (overlaps(data, file.bytes)) {
        const from = Math.max(0, start - data);
        const to = Math.min(file.bytes, end + 1 - data);
        yield* from === 0 && to === file.bytes
          ? this.#whole(file)
          : exactly(file, { start: from, end: to - 1 });
      }
      const after = data + file.bytes;
      if (overlaps(after, sizeDescriptor(file, 0).length))
        yield cut(after, sizeDescriptor(file, await this.#crcOf(file)));
    }
    yield* this.#readDirectory(overlaps, cut);
  }

  async *#readDirectory(
    overlaps: (offset: number, length: number) => boolean,
    cut: (offset: number, bytes: Buffer) => Buffer,
  ): AsyncGenerator<Buffer> {
    let at = this.#directory;
    for (const { file, offset } of this.#placed) {
      const { length } = centralRecord({ ...file, offset, crc: 0 });
      if (overlaps(at, length))
        yield cut(at, centralRecord({ ...file, offset, crc: await this.#crcOf(file) } satisfies ZipRecord));
      at += length;
    }
    const last = this.#end(at - this.#directory);
    if (overlaps(at, last.length)) yield cut(at, last);
  }

  #end(bytes: number): Buffer {
    return endRecords({ count: this.#placed.length, offset: this.#directory, bytes });
  }

  /** All bytes of a file, verified and with their checksum remembered. */
  async *#whole(file: ArchiveFile): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    let crc = 0;
    for await (const chunk of exactly(file)) {
      hash.update(chunk);
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (hash.digest('hex') !== file.sha256) throw damaged(file);
    this.#checksums.keep(file.sha256, crc);
  }

  async #crcOf(file: ArchiveFile): Promise<number> {
    const known = this.#checksums.get(file.sha256);
    if (known !== undefined) return known;
    let crc = 0;
    for await (const chunk of this.#whole(file)) crc = crc32(chunk, crc);
    return crc;
  }
}

/** A file or a range of it, with exactly the declared number of bytes: every later offset depends on it. */
async function* exactly(file: ArchiveFile, range?: ArchiveRange): AsyncGenerator<Buffer> {
  let left = range ? range.end - range.start + 1 : file.bytes;
  if (left === 0) return;
  for await (const chunk of file.open(range)) {
    left -= chunk.length;
    if (left < 0) throw damaged(file);
    yield chunk;
  }
  if (left !== 0) throw damaged(file);
}

const damaged = ({ name }: ArchiveFile): AppError =>
  new AppError('MEDIA_DAMAGED', {
    message: `The stored file of ${name} does not have its recorded content.`,
  });
