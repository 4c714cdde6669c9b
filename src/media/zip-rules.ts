import { hiddenCharacterIn } from '../domain/hidden-characters.js';
import { AppError } from '../errors/app-error.js';

/** Limits on a user's archive. */
export interface ZipLimits {
  /** Maximum number of files, without folders and files that programs add. */
  readonly maxEntries: number;
  /** Maximum size of all entries together after decompression, declared and actual. */
  readonly maxTotalBytes: number;
  /** Maximum size of one entry after decompression. */
  readonly maxEntryBytes: number;
  /**
   * Maximum compression ratio of an entry larger than {@link RATIO_FREE_BYTES}, and of all entries together;
   * 100 by default.
   */
  readonly maxRatio?: number;
  /** Maximum folder depth of a file; 32 by default. */
  readonly maxDepth?: number;
}

/** Error codes of a whole archive or of an entry. */
export type ZipCode =
  | 'ZIP_BAD_PATH'
  | 'ZIP_LINK'
  | 'ZIP_TOO_LARGE'
  | 'ZIP_TOO_MANY'
  | 'ZIP_CORRUPT'
  | 'ZIP_ENCRYPTED'
  | 'ZIP_METHOD'
  | 'ZIP_DUPLICATE'
  | 'ZIP_SPLIT'
  | 'ZIP_EMPTY';

/** Why a single entry is rejected. */
export interface EntryProblem {
  readonly code: 'BAD_NAME' | 'ZIP_ENCRYPTED' | 'ZIP_METHOD' | 'ZIP_DUPLICATE';
  readonly reason: string;
}

/** Fields of a central directory entry that the rules check. */
export interface EntryFacts {
  readonly name: string;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** ZIP compression method; 0 stored, 8 deflate. */
  readonly method: number;
  /** General purpose bit flags. */
  readonly flags: number;
  /** The upper half contains the Unix mode if a Unix tool wrote the archive. */
  readonly externalAttributes: number;
}

const DEFAULT_MAX_RATIO = 100;
const DEFAULT_MAX_DEPTH = 32;
/** Entries up to this size may have any ratio, such as a white mask as TIFF. */
const RATIO_FREE_BYTES = 64 * 1024 * 1024;
const MAX_NAME_BYTES = 1024;
const FLAG_ENCRYPTED = 0x1;
const FLAG_STRONG_ENCRYPTION = 0x40;
const FLAG_MASKED_HEADERS = 0x2000;
const ENCRYPTION_FLAGS = FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS;

/** An error about an archive. `ZIP_TOO_LARGE` and `ZIP_TOO_MANY` have kind too_large, all others invalid. */
export function zipError(code: ZipCode, message: string, cause?: unknown): AppError {
  return new AppError(code, { message, cause });
}

/** Whether a character cannot be displayed: lone surrogates and invisible characters. */
const isUnshowable = (char: string): boolean => /\p{Cs}/u.test(char) || hiddenCharacterIn(char) !== null;

/** A name for display: control and direction characters are escaped. */
export function escapedName(name: string): string {
  return Array.from(name, (char) =>
    isUnshowable(char) ? `\\u{${char.codePointAt(0)?.toString(16)}}` : char,
  ).join('');
}

/** A name for messages: escaped, at most 80 characters. */
export function printable(name: string): string {
  const characters = Array.from(escapedName(name));
  return characters.length > 80 ? `${characters.slice(0, 77).join('')}...` : characters.join('');
}

/** A name without redundant parts, as in `./cat.jpg` and `a//b.jpg`. */
export const normalisedName = (name: string): string =>
  name.replaceAll(/\/(?:\.?\/)+/g, '/').replace(/^(?:\.\/)+/, '');

/**
 * Files that programs add to archives: resource forks and metadata of macOS, thumbnails and settings of
 * Windows.
 */
const ADDED_BY_PROGRAMS = /(^|\/)(__MACOSX\/|@eaDir\/|\.(?!\.?\/)|(Icon\r|(eh)?Thumbs\.db|desktop\.ini)$)/i;

/**
 * Whether a program added this entry to the archive. Such entries count towards no limit and are never
 * extracted.
 */
export const isAddedByProgram = (name: string): boolean => ADDED_BY_PROGRAMS.test(name);

/** Why an entry is unusable though harmless; null for usable ones. */
export function entryProblem(entry: EntryFacts, name: string | null): EntryProblem | null {
  const badName = nameFault(name);
  if (badName !== null) return { code: 'BAD_NAME', reason: badName };
  if ((entry.flags & ENCRYPTION_FLAGS) !== 0)
    return { code: 'ZIP_ENCRYPTED', reason: 'It is encrypted: make the ZIP without a password.' };
  if (entry.method === 0 || entry.method === 8) return null;
  const method = METHODS[entry.method] ?? `method ${entry.method}`;
  const reason = `It is compressed by ${method}; only stored and deflate are supported, which every program can write.`;
  return { code: 'ZIP_METHOD', reason };
}

/** Compression methods (APPNOTE 4.4.5). */
const METHODS: Readonly<Record<number, string>> = {
  1: 'Shrink',
  6: 'Implode',
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  20: 'Zstandard',
  93: 'Zstandard',
  95: 'XZ',
  98: 'PPMd',
  99: 'AES encryption',
};

function nameFault(name: string | null): string | null {
  if (name === null) return 'Its name is not valid text.';
  const hidden = hiddenCharacterIn(name);
  if (hidden !== null) return `Its name contains the invisible character ${hidden}.`;
  if (name.includes('\\')) return 'Its name contains a backslash.';
  const parts = name.replace(/\/$/, '').split('/');
  if (parts.some((part) => /[. ]$/.test(part) || RESERVED_ON_WINDOWS.test(part)))
    return 'Its name is not allowed on Windows.';
  return null;
}

/** Checks a single entry. @throws AppError for problems of the whole archive */
export function checkEntry(entry: EntryFacts, limits: ZipLimits): void {
  checkName(entry.name, limits.maxDepth ?? DEFAULT_MAX_DEPTH);
  const shown = printable(entry.name);
  checkFileKind(entry, shown);
  if (entry.bytes > limits.maxEntryBytes) {
    throw zipError(
      'ZIP_TOO_LARGE',
      `The entry '${shown}' unpacks to ${entry.bytes} bytes; at most ${limits.maxEntryBytes} are allowed.`,
    );
  }
  checkRatio(`The entry '${shown}'`, entry, limits);
}

/** Whether an entry is a folder, by its name or by the mode that a Unix tool wrote. */
export const isFolder = ({ name, externalAttributes }: EntryFacts): boolean =>
  name === '' || name.endsWith('/') || kindBits(externalAttributes) === 0x4000;

const kindBits = (externalAttributes: number): number => (externalAttributes >>> 16) & 0xf000;

/** Checks all entries together: their sums against the limits and the size of the file. */
export function checkTogether(entries: readonly EntryFacts[], limits: ZipLimits, fileBytes: number): void {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const compressedBytes = entries.reduce((sum, entry) => sum + entry.compressedBytes, 0);
  if (bytes > limits.maxTotalBytes) {
    throw zipError(
      'ZIP_TOO_LARGE',
      `The ZIP unpacks to ${bytes} bytes; at most ${limits.maxTotalBytes} are allowed.`,
    );
  }
  checkRatio('The ZIP', { bytes, compressedBytes }, limits);
  // More compressed data than the size of the file means overlapping entries, as in an overlapping ZIP bomb.
  if (compressedBytes > fileBytes) throw zipError('ZIP_CORRUPT', 'The entries of the ZIP overlap.');
}

function checkRatio(
  what: string,
  { bytes, compressedBytes }: Pick<EntryFacts, 'bytes' | 'compressedBytes'>,
  limits: ZipLimits,
): void {
  const maxRatio = limits.maxRatio ?? DEFAULT_MAX_RATIO;
  if (bytes <= RATIO_FREE_BYTES || bytes <= compressedBytes * maxRatio) return;
  throw zipError(
    'ZIP_TOO_LARGE',
    `${what} unpacks to more than ${maxRatio} times its size (${compressedBytes} to ${bytes} bytes).`,
  );
}

function checkFileKind(entry: EntryFacts, shown: string): void {
  const kind = kindBits(entry.externalAttributes);
  // 0 if no Unix tool wrote the archive, 0x8000 a file, 0x4000 a folder; the rest are links, pipes and
  // devices.
  if (kind === 0 || kind === 0x8000 || kind === 0x4000) return;
  throw zipError(
    'ZIP_LINK',
    `The entry '${shown}' is a link or special file; only files and folders are allowed.`,
  );
}

function checkName(name: string, maxDepth: number): void {
  const problem = nameProblem(name, maxDepth);
  if (problem !== undefined)
    throw zipError('ZIP_BAD_PATH', `The entry name '${printable(name)}' is not allowed: ${problem}.`);
}

const RESERVED_ON_WINDOWS = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Names are only matched and displayed, never joined to a path. Rejecting dangerous names also protects
 * clients that extract them.
 */
function nameProblem(name: string, maxDepth: number): string | undefined {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  if (name.includes('\0')) return 'it contains a NUL character';
  if (/^[/\\]/.test(name)) return 'it is an absolute path';
  if (/^[a-z]:[/\\]/i.test(name)) return 'it starts with a drive letter';
  // A backslash is a separator when the archive is extracted on Windows.
  if (name.split(/[/\\]/).includes('..')) return "it contains '..'";
  const parts = name.replace(/\/$/, '').split('/');
  if (parts.length - 1 > maxDepth)
    return `it is ${parts.length - 1} folders deep; at most ${maxDepth} are allowed`;
  return undefined;
}
