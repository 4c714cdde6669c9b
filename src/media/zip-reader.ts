import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { AppError } from '../errors/app-error.js';
import { decodeNames } from './zip-names.js';
import {
  checkEntry,
  checkTogether,
  isAddedByProgram,
  printable,
  unusableReason,
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
  /** Why it cannot be unpacked, if so. */
  readonly unusable?: { readonly reason: string; readonly addedByProgram: boolean };
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
    if (record === undefined || entry.unusable) throw new TypeError('the entry cannot be unpacked from here');
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
  // Folders and what programs add are not counted, but the directory has to be read to know them.
  if (entryCount > limits.maxEntries * MOST_ENTRIES_A_FILE) throw tooMany(entryCount, limits);
}

/** A file of a Mac comes with a double, and with its folder in the worst case. */
const MOST_ENTRIES_A_FILE = 4;

const tooMany = (count: number, { maxEntries }: ZipLimits): AppError =>
  zipError('ZIP_TOO_MANY', `The ZIP holds ${count} entries; at most ${maxEntries} files are allowed.`);

async function readDirectory(zip: ZipFile, limits: ZipLimits): Promise<Map<ZipEntry, Entry>> {
  const records: Entry[] = [];
  for await (const record of eachRecord(zip)) records.push(record);
  const names = decodeNames(records.map(rawNameOf));
  const facts: EntryFacts[] = [];
  const files = new Map<ZipEntry, Entry>();
  for (const [index, record] of records.entries()) {
    const { entry, isCounted } = judge(record, names[index], limits);
    if (isCounted) facts.push(entry);
    if (!entry.name.endsWith('/')) files.set(toZipEntry(entry, record, names[index]), record);
  }
  const counted = facts.filter(({ name }) => !name.endsWith('/')).length;
  if (counted > limits.maxEntries) throw tooMany(counted, limits);
  checkTogether(facts, limits, zip.fileSize);
  if (files.size === 0) throw zipError('ZIP_EMPTY', 'The ZIP holds folders only.');
  return files;
}

/** Applies the rules to one entry; what programs add has to have a harmless name and nothing more. */
function judge(record: Entry, decoded: string | null, limits: ZipLimits) {
  // What is no text is shown by its bytes.
  const entry = factsOf(
    record,
    decoded ?? record.fileNameRaw.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '?'),
  );
  const isCounted = !isAddedByProgram(entry.name);
  checkEntry(
    isCounted ? entry : { ...entry, name: entry.name.replace(/Icon\r$/, 'Icon'), ...NOTHING },
    limits,
  );
  return { entry, isCounted };
}

/** Figures of an entry that is not unpacked. */
const NOTHING = { bytes: 0, compressedBytes: 0, method: 0, flags: 0, externalAttributes: 0 } as const;

function toZipEntry(
  { name, bytes, compressedBytes }: EntryFacts,
  record: Entry,
  decoded: string | null,
): ZipEntry {
  const addedByProgram = isAddedByProgram(name);
  const reason = addedByProgram ? 'It is a hidden file.' : unusableReason(decoded);
  const unusable = reason === null ? undefined : { reason, addedByProgram };
  return { name, bytes, compressedBytes, crc32: record.crc32, unusable };
}

const rawNameOf = (record: Entry) => ({
  bytes: record.fileNameRaw,
  flags: record.generalPurposeBitFlag,
  versionMadeBy: record.versionMadeBy,
  extraFields: record.extraFields,
});

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

function factsOf(record: Entry, name: string): EntryFacts {
  return {
    name,
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
