import { AppError, type ErrorKind } from '../errors/app-error.js';

/** What an archive from a user may hold at most. */
export interface ZipLimits {
  /** Files, without folders and without what programs add on their own. */
  readonly maxEntries: number;
  /** Bytes of all entries together after decompression, as declared and as found. */
  readonly maxTotalBytes: number;
  /** Bytes of one entry after decompression. */
  readonly maxEntryBytes: number;
  /** Largest decompressed : compressed ratio of an entry over one megabyte, and of the whole; 100 by default. */
  readonly maxRatio?: number;
  /** Folders above a file; 32 by default. */
  readonly maxDepth?: number;
}

/** Codes of refusals of a whole archive. */
export type ZipCode =
  | 'ZIP_BAD_PATH'
  | 'ZIP_LINK'
  | 'ZIP_TOO_LARGE'
  | 'ZIP_TOO_MANY'
  | 'ZIP_CORRUPT'
  | 'ZIP_ENCRYPTED'
  | 'ZIP_METHOD'
  | 'ZIP_DUPLICATE'
  | 'ZIP_EMPTY';

/** The figures of one central directory entry that the rules look at. */
export interface EntryFacts {
  readonly name: string;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** ZIP compression method; 0 stored, 8 deflate. */
  readonly method: number;
  /** General purpose bit flags. */
  readonly flags: number;
  /** Upper half holds the Unix mode where a Unix tool wrote the archive. */
  readonly externalAttributes: number;
}

const DEFAULT_MAX_RATIO = 100;
const DEFAULT_MAX_DEPTH = 32;
/** Small entries may shrink well without being a bomb: a text, a white mask. */
const RATIO_FREE_BYTES = 1024 * 1024;
const MAX_NAME_BYTES = 1024;
const FLAG_ENCRYPTED = 0x1;
const FLAG_STRONG_ENCRYPTION = 0x40;
const FLAG_MASKED_HEADERS = 0x2000;
const ENCRYPTION_FLAGS = FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS;

/** An error about an archive; `ZIP_TOO_LARGE` and `ZIP_TOO_MANY` are limits (too_large), the rest is bad content. */
export function zipError(code: ZipCode, message: string, cause?: unknown): AppError {
  const kind: ErrorKind = code === 'ZIP_TOO_LARGE' || code === 'ZIP_TOO_MANY' ? 'too_large' : 'invalid';
  return new AppError({ code, kind, message, cause });
}

/** Control characters, halves of characters, and those that change the direction of the text around them. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** A name as it can be shown in a message: control and direction characters escaped, at most 80 characters. */
export function printable(name: string): string {
  const escaped = Array.from(name, (char) =>
    UNSHOWABLE.test(char) ? `\\u{${char.codePointAt(0)?.toString(16)}}` : char,
  );
  return escaped.length > 80 ? `${escaped.slice(0, 77).join('')}...` : escaped.join('');
}

/** Files that programs add to archives on their own: doubles and notes of macOS, previews and settings of Windows. */
const ADDED_BY_PROGRAMS = /(^|\/)(__MACOSX\/|@eaDir\/|\.(?!\.?\/)|(Icon\r|(eh)?Thumbs\.db|desktop\.ini)$)/i;

/** Whether nobody put this entry into the archive on purpose; such entries count for no limit and are never unpacked. */
export const isAddedByProgram = (name: string): boolean => ADDED_BY_PROGRAMS.test(name);

/** Why an entry cannot be used although it does no harm; null for usable ones. */
export function unusableReason(name: string | null): string | null {
  if (name === null) return 'Its name is not valid text.';
  if (name.includes('\\')) return 'Its name holds a backslash.';
  const parts = name.replace(/\/$/, '').split('/');
  if (parts.some((part) => /[. ]$/.test(part) || RESERVED_ON_WINDOWS.test(part)))
    return 'Windows cannot hold a file of this name.';
  return null;
}

/** Checks a single entry by itself. @throws AppError for what spoils the whole archive */
export function checkEntry(entry: EntryFacts, limits: ZipLimits): void {
  checkName(entry.name, limits.maxDepth ?? DEFAULT_MAX_DEPTH);
  const shown = printable(entry.name);
  checkFileKind(entry, shown);
  if ((entry.flags & ENCRYPTION_FLAGS) !== 0)
    throw zipError('ZIP_ENCRYPTED', `The entry '${shown}' is encrypted.`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw zipError(
      'ZIP_METHOD',
      `The entry '${shown}' is compressed by method ${entry.method}; only stored and deflate are allowed.`,
    );
  }
  if (entry.bytes > limits.maxEntryBytes) {
    throw zipError(
      'ZIP_TOO_LARGE',
      `The entry '${shown}' unpacks to ${entry.bytes} bytes; at most ${limits.maxEntryBytes} are allowed.`,
    );
  }
  checkRatio(`The entry '${shown}'`, entry, limits);
}

/** Checks all entries together: sums against the limits and the file, and names that mean the same file. */
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
  // More data than the file is long: entries share their data, as in an overlapping bomb.
  if (compressedBytes > fileBytes) throw zipError('ZIP_CORRUPT', 'The entries of the ZIP overlap.');
  const seen = new Set<string>();
  for (const { name } of entries) {
    // File systems on Windows and macOS hold these to be the same file; so do we, on every system.
    const folded = name.normalize('NFC').toLowerCase();
    if (seen.has(folded))
      throw zipError('ZIP_DUPLICATE', `The ZIP holds '${printable(name)}' more than once (case ignored).`);
    seen.add(folded);
  }
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
  const kind = (entry.externalAttributes >>> 16) & 0xf000;
  const isFolder = entry.name.endsWith('/');
  // 0 where no Unix tool wrote the archive, 0x8000 a file, 0x4000 a folder; the rest are links, pipes and devices.
  if (kind === 0 || kind === 0x8000 || (kind === 0x4000 && isFolder)) return;
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

/** Names are only matched and shown, never joined to a path; refusing odd ones keeps them harmless for clients too. */
function nameProblem(name: string, maxDepth: number): string | undefined {
  if (name === '') return 'it is empty';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  if (UNSHOWABLE.test(name)) return 'it holds control or text-direction characters';
  if (name.startsWith('/')) return 'it is absolute';
  if (/^[a-z]:/i.test(name)) return 'it names a drive';
  // A backslash is a separator for whoever unpacks the archive on Windows.
  if (name.startsWith('\\') || name.split(/[/\\]/).includes('..')) return "it holds '..'";
  const parts = name.replace(/\/$/, '').split('/');
  if (parts.some((part) => part === '' || part === '.')) return 'it holds an empty or dot folder';
  if (parts.length - 1 > maxDepth)
    return `it lies ${parts.length - 1} folders deep, at most ${maxDepth} are allowed`;
  return undefined;
}
