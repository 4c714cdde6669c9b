import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { AppError } from '../errors/app-error.js';
import { checkEntryCount, readDirectory, type Directory, type ZipEntry } from './zip-directory.js';
import { openFile } from './zip-end.js';
import { printable, zipError, type ZipLimits } from './zip-rules.js';

export type { ZipEntry } from './zip-directory.js';

/** A file extracted from an archive. */
export interface ExtractedFile {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * Opens a user's archive. All rules that need no decompression are applied before it returns: the number of
 * entries before the first one is read, names, kinds, methods, declared sizes, compression ratios,
 * duplicates. Call {@link ZipArchive.close} when done.
 * @throws AppError with a `ZIP_…` code
 */
export async function openZip(path: string, limits: ZipLimits): Promise<ZipArchive> {
  const zip = await openFile(path).catch((cause: unknown) => {
    if (isSystemError(cause)) throw cause;
    if (/multi-disk/.test(String(cause)))
      throw zipError(
        'ZIP_SPLIT',
        'The ZIP is one part of a split archive: join the parts, or create a single ZIP.',
        cause,
      );
    throw zipError('ZIP_CORRUPT', 'The ZIP is damaged or cut off: its directory cannot be read.', cause);
  });
  try {
    checkEntryCount(zip, limits);
    return new ZipArchive(zip, await readDirectory(zip, limits));
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** An open archive whose entries have passed the rules. */
export class ZipArchive {
  /** Files in the order of the archive's directory; folders are omitted. */
  readonly entries: readonly ZipEntry[];
  /** Warnings for the owner about names, one sentence each. */
  readonly warnings: readonly string[];
  readonly #records: ReadonlyMap<ZipEntry, Entry>;

  readonly #zip: ZipFile;

  /** Use {@link openZip}. */
  constructor(zip: ZipFile, { files, warnings }: Directory) {
    this.#zip = zip;

    this.#records = files;
    this.entries = [...files.keys()];
    this.warnings = warnings;
  }

  /**
   * Extracts one entry into a new file and verifies its size and checksum; on any error the file is removed.
   * @param targetPath where to write; chosen by the caller, must not exist
   * @throws AppError `ZIP_CORRUPT`; decompression stops at the first chunk beyond the declared size
   */
  async extract(entry: ZipEntry, targetPath: string, signal?: AbortSignal): Promise<ExtractedFile> {
    const record = this.#records.get(entry);
    if (record === undefined || entry.unusable) throw new TypeError('the entry cannot be extracted');
    const checks = new EntryChecks(entry);
    try {
      const source = await this.#open(record, entry);
      // Created last, because its errors are unhandled until the pipeline listens.
      const target = createWriteStream(targetPath, { flags: 'wx', mode: 0o600 });
      await pipeline(source, checks, target, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      await rm(targetPath, { force: true });
      if (error instanceof AppError || isSystemError(error)) throw error;
      throw zipError('ZIP_CORRUPT', `The entry '${printable(entry.name)}' cannot be extracted.`, error);
    }
    return checks.result();
  }

  /** Closes the file. */
  close(): void {
    this.#zip.close();
  }

  async #open(record: Entry, entry: ZipEntry): Promise<Readable> {
    return this.#zip.openReadStreamPromise(record).catch((cause: unknown) => {
      throw zipError('ZIP_CORRUPT', `The entry '${printable(entry.name)}' has no data.`, cause);
    });
  }
}

/** Passes an entry's data on while counting bytes and computing the checksum. */
class EntryChecks extends Transform {
  #bytes = 0;
  #crc = 0;
  readonly #hash = createHash('sha256');

  readonly #entry: ZipEntry;

  constructor(entry: ZipEntry) {
    super();
    this.#entry = entry;
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, data?: Buffer) => void,
  ): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#entry.bytes)
      return done(this.#mismatch(`more than the ${this.#entry.bytes} bytes it declares`));
    this.#crc = crc32(chunk, this.#crc);
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: (error: Error | null) => void): void {
    if (this.#bytes !== this.#entry.bytes)
      return done(this.#mismatch(`${this.#bytes} bytes instead of ${this.#entry.bytes}`));
    // yauzl does not verify the checksum.
    if (this.#crc !== this.#entry.crc32) return done(this.#mismatch('data that does not match its checksum'));
    done(null);
  }

  result(): ExtractedFile {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  #mismatch(what: string): AppError {
    return zipError('ZIP_CORRUPT', `The entry '${printable(this.#entry.name)}' contains ${what}.`);
  }
}

/** Whether the error is one of the operating system (disk full, missing file) and not of the archive. */
function isSystemError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
