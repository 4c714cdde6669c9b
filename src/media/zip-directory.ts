import type { Entry, ZipFile } from 'yauzl';
import { canonicalText } from '../domain/canonical-text.js';
import type { AppError } from '../errors/app-error.js';
import { decodeNames } from './zip-names.js';
import {
  checkEntry,
  checkTogether,
  entryProblem,
  escapedName,
  isAddedByProgram,
  isFolder,
  normalisedName,
  zipError,
  type EntryFacts,
  type EntryProblem,
  type ZipLimits,
} from './zip-rules.js';

/** A file in an archive. Its name is text to match and to show; it must never become part of a path. */
export interface ZipEntry {
  /** Folders and file name, separated by `/`. */
  readonly name: string;
  /** Declared size after decompression; `ZipArchive.extract` holds it to that. */
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly crc32: number;
  /** Why it cannot be unpacked, if so. */
  readonly unusable?: UnusableEntry;
}

interface UnusableEntry extends Pick<EntryProblem, 'reason'> {
  readonly code: EntryProblem['code'] | 'UNSUPPORTED_ENTRY';
  readonly addedByProgram: boolean;
}

/** The files of an archive with their records. */
export interface Directory {
  readonly files: ReadonlyMap<ZipEntry, Entry>;
  readonly warnings: readonly string[];
}

/** Bytes of one record in the central directory without its name (APPNOTE 4.3.12). */
const CENTRAL_RECORD_BYTES = 46;
/** A file of a Mac comes with a double, and with its folder in the worst case. */
const MOST_ENTRIES_A_FILE = 4;

/** Checks the number of entries before the directory is read. @throws AppError */
export function checkEntryCount(zip: ZipFile, limits: ZipLimits): void {
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

const tooMany = (count: number, { maxEntries }: ZipLimits): AppError =>
  zipError('ZIP_TOO_MANY', `The ZIP holds ${count} entries; at most ${maxEntries} files are allowed.`);

/** Reads the directory and applies the rules: what spoils the whole archive throws, what spoils an entry is noted there. */
export async function readDirectory(zip: ZipFile, limits: ZipLimits): Promise<Directory> {
  const records: Entry[] = [];
  for await (const record of eachRecord(zip)) records.push(record);
  const { names, guessed } = decodeNames(records.map(rawNameOf));
  const found = records.map((record, index) => judge(record, names[index], limits));
  const counted = found.filter(({ isCounted }) => isCounted);
  if (counted.length > limits.maxEntries) throw tooMany(counted.length, limits);
  checkTogether(
    counted.map(({ facts }) => facts),
    limits,
    zip.fileSize,
  );
  const isDouble = duplicatesAmong(counted);
  const files = new Map<ZipEntry, Entry>();
  for (const one of found) if (!one.folder) files.set(toZipEntry(one, isDouble), one.record);
  if (files.size === 0) throw zipError('ZIP_EMPTY', 'The ZIP holds folders only.');
  return { files, warnings: guessed ? [encodingWarning(guessed)] : [] };
}

const encodingWarning = ({ codePage, count }: { codePage: string; count: number }): string =>
  `NAME_ENCODING_GUESSED: ${count} ${count === 1 ? 'name in the ZIP does' : 'names in the ZIP do'} not say the encoding ` +
  `and ${count === 1 ? 'was' : 'were'} read as ${codePage}.`;

interface Judged {
  readonly record: Entry;
  readonly facts: EntryFacts;
  /** The name as text; null where it is none. */
  readonly decoded: string | null;
  readonly folder: boolean;
  /** Whether it counts towards the limits: files that archive programs add do not. */
  readonly isCounted: boolean;
}

/** Applies the rules to one entry; folders and what programs add have to have a harmless name and nothing more. */
function judge(record: Entry, text: string | null, limits: ZipLimits): Judged {
  // What is no text is shown by its bytes.
  const shown = text ?? record.fileNameRaw.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '?');
  if (shown === '') throw zipError('ZIP_BAD_PATH', "The entry name '' is not allowed: it is empty.");
  const facts = factsOf(record, normalisedName(shown));
  const decoded = text === null ? null : facts.name;
  const folder = isFolder(facts);
  const isCounted = !folder && !isAddedByProgram(facts.name);
  checkEntry(isCounted ? facts : { ...facts, ...NOTHING }, limits);
  return { record, facts, decoded, folder, isCounted };
}

/** Figures of an entry that is not unpacked. */
const NOTHING = { bytes: 0, compressedBytes: 0, method: 0, flags: 0, externalAttributes: 0 } as const;

/** Which of several entries of one name are not taken: all but the first of equal ones, all of different ones. */
function duplicatesAmong(entries: readonly Judged[]): (entry: Judged) => boolean {
  const groups = new Map<string, Judged[]>();
  for (const entry of entries) {
    const key = canonicalText(entry.facts.name);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const doubles = new Set<Judged>();
  for (const [first, ...others] of groups.values()) {
    const equal = others.every(
      ({ record }) =>
        record.crc32 === first.record.crc32 && record.uncompressedSize === first.record.uncompressedSize,
    );
    for (const double of equal ? others : [first, ...others]) doubles.add(double);
  }
  return (entry) => doubles.has(entry);
}

function toZipEntry(judged: Judged, isDouble: (entry: Judged) => boolean): ZipEntry {
  const { bytes, compressedBytes, name } = judged.facts;
  const unusable = unusableBecause(judged, isDouble) ?? undefined;
  return { name: escapedName(name), bytes, compressedBytes, crc32: judged.record.crc32, unusable };
}

function unusableBecause(judged: Judged, isDouble: (entry: Judged) => boolean): UnusableEntry | null {
  if (!judged.isCounted)
    return { code: 'UNSUPPORTED_ENTRY', reason: 'It is a hidden file.', addedByProgram: true };
  const problem = entryProblem(judged.facts, judged.decoded);
  if (problem) return { ...problem, addedByProgram: false };
  if (!isDouble(judged)) return null;
  const reason = 'The ZIP holds several files of this name; only the first of equal ones is taken.';
  return { code: 'ZIP_DUPLICATE', reason, addedByProgram: false };
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
        encrypted
          ? 'The ZIP is encrypted: make it without a password.'
          : 'The ZIP is damaged: its directory holds a broken record.',
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
