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

/** A file in an archive. Its name is only matched and displayed; it must never become part of a path. */
export interface ZipEntry {
  /** Folders and file name, separated by `/`. */
  readonly name: string;
  /** Declared size after decompression; enforced by `ZipArchive.extract`. */
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly crc32: number;
  /** Why it cannot be extracted, if so. */
  readonly unusable?: UnusableEntry;
}

interface UnusableEntry extends Pick<EntryProblem, 'reason'> {
  readonly code: EntryProblem['code'] | 'UNSUPPORTED_ENTRY';
  readonly addedByProgram: boolean;
}

/** The files of an archive and their records. */
export interface Directory {
  readonly files: ReadonlyMap<ZipEntry, Entry>;
  readonly warnings: readonly string[];
}

/** Size of a central directory record without its name (APPNOTE 4.3.12). */
const CENTRAL_RECORD_BYTES = 46;
/**
 * Entries per file: macOS adds a second one for each file, and both may be in folders with entries of their
 * own.
 */
const MAX_ENTRIES_PER_FILE = 4;

/** Checks the number of entries before the directory is read. @throws AppError */
export function checkEntryCount(zip: ZipFile, limits: ZipLimits): void {
  const { entryCount, fileSize } = zip;
  if (entryCount === 0) throw zipError('ZIP_EMPTY', 'The ZIP is empty: it contains no entries.');
  if (entryCount * CENTRAL_RECORD_BYTES > fileSize) {
    throw zipError(
      'ZIP_CORRUPT',
      `The ZIP declares ${entryCount} entries, more than fit into its ${fileSize} bytes.`,
    );
  }
  // Folders and files added by programs are not counted, but only the directory tells which entries they are.
  if (entryCount > limits.maxEntries * MAX_ENTRIES_PER_FILE) throw tooMany(entryCount, limits);
}

const tooMany = (count: number, { maxEntries }: ZipLimits): AppError =>
  zipError('ZIP_TOO_MANY', `The ZIP contains ${count} entries; at most ${maxEntries} files are allowed.`);

/**
 * Reads the directory and applies the rules. Problems of the whole archive throw; problems of an entry are
 * recorded with it.
 */
export async function readDirectory(zip: ZipFile, limits: ZipLimits): Promise<Directory> {
  const records: Entry[] = [];
  for await (const record of eachRecord(zip)) records.push(record);
  const { names, guessed } = decodeNames(records.map(rawNameOf));
  const found = records.map((record, index) => validateRecord(record, names[index], limits));
  const counted = found.filter(({ isCounted }) => isCounted);
  if (counted.length > limits.maxEntries) throw tooMany(counted.length, limits);
  checkTogether(
    counted.map(({ facts }) => facts),
    limits,
    zip.fileSize,
  );
  const isDuplicate = duplicatesAmong(counted);
  const files = new Map<ZipEntry, Entry>();
  for (const one of found) if (!one.folder) files.set(toZipEntry(one, isDuplicate), one.record);
  if (files.size === 0) throw zipError('ZIP_EMPTY', 'The ZIP contains only folders.');
  return { files, warnings: guessed ? [encodingWarning(guessed)] : [] };
}

const encodingWarning = ({ codePage, count }: { codePage: string; count: number }): string =>
  `NAME_ENCODING_GUESSED: ${count} ${count === 1 ? 'name in the ZIP does' : 'names in the ZIP do'} not say the encoding ` +
  `and ${count === 1 ? 'was' : 'were'} read as ${codePage}.`;

interface ValidatedRecord {
  readonly record: Entry;
  readonly facts: EntryFacts;
  /** The name as text; null when it cannot be decoded. */
  readonly decoded: string | null;
  readonly folder: boolean;
  /** Whether the entry counts towards the limits; files that archive programs add do not. */
  readonly isCounted: boolean;
}

/** Applies the rules to one entry. Folders and files added by programs only need a harmless name. */
function validateRecord(record: Entry, text: string | null, limits: ZipLimits): ValidatedRecord {
  // A name that cannot be decoded is displayed by its bytes.
  const shown = text ?? record.fileNameRaw.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '?');
  if (shown === '') throw zipError('ZIP_BAD_PATH', "The entry name '' is not allowed: it is empty.");
  const facts = factsOf(record, normalisedName(shown));
  const decoded = text === null ? null : facts.name;
  const folder = isFolder(facts);
  const isCounted = !folder && !isAddedByProgram(facts.name);
  checkEntry(isCounted ? facts : { ...facts, ...NOTHING }, limits);
  return { record, facts, decoded, folder, isCounted };
}

/** Values of an entry that is not extracted. */
const NOTHING = { bytes: 0, compressedBytes: 0, method: 0, flags: 0, externalAttributes: 0 } as const;

/**
 * Which entries with a duplicate name are rejected: all but the first if they are identical, all of them
 * otherwise.
 */
function duplicatesAmong(entries: readonly ValidatedRecord[]): (entry: ValidatedRecord) => boolean {
  const groups = new Map<string, ValidatedRecord[]>();
  for (const entry of entries) {
    const key = canonicalText(entry.facts.name);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const duplicates = new Set<ValidatedRecord>();
  for (const [first, ...others] of groups.values()) {
    const equal = others.every(
      ({ record }) =>
        record.crc32 === first.record.crc32 && record.uncompressedSize === first.record.uncompressedSize,
    );
    for (const duplicate of equal ? others : [first, ...others]) duplicates.add(duplicate);
  }
  return (entry) => duplicates.has(entry);
}

function toZipEntry(validated: ValidatedRecord, isDuplicate: (entry: ValidatedRecord) => boolean): ZipEntry {
  const { bytes, compressedBytes, name } = validated.facts;
  const unusable = unusableBecause(validated, isDuplicate) ?? undefined;
  return { name: escapedName(name), bytes, compressedBytes, crc32: validated.record.crc32, unusable };
}

function unusableBecause(
  validated: ValidatedRecord,
  isDuplicate: (entry: ValidatedRecord) => boolean,
): UnusableEntry | null {
  if (!validated.isCounted)
    return { code: 'UNSUPPORTED_ENTRY', reason: 'It is a hidden file.', addedByProgram: true };
  const problem = entryProblem(validated.facts, validated.decoded);
  if (problem) return { ...problem, addedByProgram: false };
  if (!isDuplicate(validated)) return null;
  const reason = 'The ZIP contains several files with this name; only the first of identical ones is used.';
  return { code: 'ZIP_DUPLICATE', reason, addedByProgram: false };
}

const rawNameOf = (record: Entry) => ({
  bytes: record.fileNameRaw,
  flags: record.generalPurposeBitFlag,
  versionMadeBy: record.versionMadeBy,
  extraFields: record.extraFields,
});

/**
 * Iterates over yauzl's records and translates its errors; yauzl checks sizes and flags before it returns a
 * record.
 */
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
          : 'The ZIP is damaged: its directory contains a broken record.',
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
