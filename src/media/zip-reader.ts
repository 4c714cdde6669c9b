import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { getFileNameLowLevel, openPromise, type Entry, type ZipFile } from 'yauzl';
import { AppError } from '../errors/app-error.js';
import {
  checkEntry,
  checkTogether,
  printable,
  zipError,
  type EntryFacts,
  type ZipLimits,
} from './zip-rules.js';

/** A file in an archive. Its name is text to match and to show; it must never become part of a path. */
export interface ZipEntry {
  /** Folders and file name, separated by `/`. */
  readonly name: string;
  /** Declared size after decompression; {@link ZipArchive.extract} holds it to that. */
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly crc32: number;
}

/** A file that was taken out of an archive. */
export interface ExtractedFile {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Bytes of one record in the central directory without its name (APPNOTE 4.3.12). */
const CENTRAL_RECORD_BYTES = 46;

/**
 * Opens an archive from a stranger. All rules that need no decompression are applied before it returns: the number
 * of entries before the first one is read, names, kinds, methods, declared sizes, ratios, duplicates.
 * Call {@link ZipArchive.close} when done.
 * @throws AppError with a `ZIP_…` code
 */
export async function openZip(path: string, limits: ZipLimits): Promise<ZipArchive> {
  // Names are decoded and judged here, since yauzl would turn backslashes into slashes first; so are sizes, which
  // `extract` holds to what is declared.
  const zip = await openPromise(path, {
    decodeStrings: false,
    validateEntrySizes: false,
    autoClose: false,
  }).catch((cause: unknown) => {
    if (isSystemError(cause)) throw cause;
    throw zipError('ZIP_CORRUPT', 'The ZIP is damaged or cut off: its directory cannot be read.', cause);
  });
  try {
    checkEntryCount(zip, limits);
    const files = await readDirectory(zip, limits);
    return new ZipArchive(zip, files);
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** An open archive whose entries have passed the rules. */
export class ZipArchive {
  /** Files in the order of the archive's directory; folders are left out. */
  readonly entries: readonly ZipEntry[];
  private readonly records: ReadonlyMap<ZipEntry, Entry>;

  /** Use {@link openZip}. */
  constructor(
    private readonly zip: ZipFile,
    files: ReadonlyMap<ZipEntry, Entry>,
  ) {
    this.records = files;
    this.entries = [...files.keys()];
  }

  /**
   * Unpacks one entry into a new file, with its size and checksum verified; on any error the file is removed.
   * @param targetPath where to write; chosen by the caller, must not exist
   * @throws AppError `ZIP_CORRUPT`; decompression stops with the first chunk beyond the declared size
   */
  async extract(entry: ZipEntry, targetPath: string, signal?: AbortSignal): Promise<ExtractedFile> {
    const record = this.records.get(entry);
    if (record === undefined) throw new TypeError('the entry is of another archive');
    const checks = new EntryChecks(entry);
    const target = createWriteStream(targetPath, { flags: 'wx', mode: 0o600 });
    try {
      const source = await this.open(record, entry);
      await pipeline(source, checks, target, { signal });
    } catch (error) {
      target.destroy();
      signal?.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      await rm(targetPath, { force: true });
      if (error instanceof AppError || isSystemError(error)) throw error;
      throw zipError('ZIP_CORRUPT', `The entry '${printable(entry.name)}' cannot be unpacked.`, error);
    }
    return checks.result();
  }

  /** Closes the file. */
  close(): void {
    this.zip.close();
  }

  private async open(record: Entry, entry: ZipEntry): Promise<Readable> {
    return this.zip.openReadStreamPromise(record).catch((cause: unknown) => {
      throw zipError('ZIP_CORRUPT', `The entry '${printable(entry.name)}' has no data.`, cause);
    });
  }
}

/** Passes an entry's data on while counting and summing it. */
class EntryChecks extends Transform {
  private bytes = 0;
  private crc = 0;
  private readonly hash = createHash('sha256');

  constructor(private readonly entry: ZipEntry) {
    super();
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, data?: Buffer) => void,
  ): void {
    this.bytes += chunk.length;
    if (this.bytes > this.entry.bytes)
      return done(this.lie(`more than the ${this.entry.bytes} bytes it declares`));
    this.crc = crc32(chunk, this.crc);
    this.hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: (error: Error | null) => void): void {
    if (this.bytes !== this.entry.bytes)
      return done(this.lie(`${this.bytes} bytes instead of ${this.entry.bytes}`));
    // yauzl does not compare the checksum.
    if (this.crc !== this.entry.crc32) return done(this.lie('data that does not match its checksum'));
    done(null);
  }

  result(): ExtractedFile {
    return { bytes: this.bytes, sha256: this.hash.digest('hex') };
  }

  private lie(what: string): AppError {
    return zipError('ZIP_CORRUPT', `The entry '${printable(this.entry.name)}' holds ${what}.`);
  }
}

function checkEntryCount(zip: ZipFile, limits: ZipLimits): void {
  const { entryCount, fileSize } = zip;
  if (entryCount === 0) throw zipError('ZIP_EMPTY', 'The ZIP holds no entries.');
  if (entryCount * CENTRAL_RECORD_BYTES > fileSize) {
    throw zipError(
      'ZIP_CORRUPT',
      `The ZIP says it holds ${entryCount} entries, more than fit into its ${fileSize} bytes.`,
    );
  }
  if (entryCount > limits.maxEntries) {
    throw zipError(
      'ZIP_TOO_MANY',
      `The ZIP holds ${entryCount} entries; at most ${limits.maxEntries} are allowed.`,
    );
  }
}

async function readDirectory(zip: ZipFile, limits: ZipLimits): Promise<Map<ZipEntry, Entry>> {
  const facts: EntryFacts[] = [];
  const files = new Map<ZipEntry, Entry>();
  for await (const record of eachRecord(zip)) {
    const entry = factsOf(record);
    checkEntry(entry, limits);
    facts.push(entry);
    const { name, bytes, compressedBytes } = entry;
    if (!name.endsWith('/')) files.set({ name, bytes, compressedBytes, crc32: record.crc32 }, record);
  }
  checkTogether(facts, limits, zip.fileSize);
  if (files.size === 0) throw zipError('ZIP_EMPTY', 'The ZIP holds folders only.');
  return files;
}

/** yauzl's walk with its errors in our terms; it looks at sizes and flags before it hands a record out. */
async function* eachRecord(zip: ZipFile): AsyncGenerator<Entry> {
  const records = zip.eachEntry();
  for (;;) {
    const next = await records.next().catch((cause: unknown) => {
      const encrypted = /encrypt/i.test(String(cause));
      const code = encrypted ? 'ZIP_ENCRYPTED' : 'ZIP_CORRUPT';
      throw zipError(
        code,
        encrypted ? 'The ZIP is encrypted.' : 'The ZIP is damaged: its directory holds a broken record.',
        cause,
      );
    });
    if (next.done) return;
    yield next.value;
  }
}

function factsOf(record: Entry): EntryFacts {
  return {
    name: getFileNameLowLevel(record.generalPurposeBitFlag, record.fileNameRaw, record.extraFields, true),
    compressedBytes: record.compressedSize,
    bytes: record.uncompressedSize,
    method: record.compressionMethod,
    flags: record.generalPurposeBitFlag,
    externalAttributes: record.externalFileAttributes,
  };
}

/** An error of the operating system (disk full, file gone) is our trouble, not the archive's. */
function isSystemError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
