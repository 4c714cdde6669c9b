import { crc32 } from 'node:zlib';
import { decodeIn, likeliestCodePage, readsBetterIn } from './zip-code-pages.js';

/** What of a directory record says how its name is to be read. */
export interface RawName {
  readonly bytes: Buffer;
  /** General purpose bit flags. */
  readonly flags: number;
  /** Upper byte: the system that the archive was made on. */
  readonly versionMadeBy: number;
  readonly extraFields: readonly { readonly id: number; readonly data: Buffer }[];
}

/** Names as text, and how the uncertain ones were read. */
export interface DecodedNames {
  /** In the order of the records; null for those that are no text. */
  readonly names: readonly (string | null)[];
  /** Where some names do not say their encoding: the code page that was taken for them, and how many they are. */
  readonly guessed: { readonly codePage: string; readonly count: number } | null;
}

const FLAG_UTF8 = 0x800;
/** Info-ZIP Unicode Path (APPNOTE 4.6.9). */
const UNICODE_PATH = 0x7075;
/** MS-DOS, NTFS and VFAT: there a backslash separates folders. */
const WINDOWS: ReadonlySet<number> = new Set([0, 10, 14]);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The names of an archive's records. A name is what a Unicode path field says, or UTF-8 where its bytes are valid UTF-8, since
 * macOS writes UTF-8 without saying so. All other names of the archive are in one code page, which has to be guessed: the one
 * in which all of them read most like text. Short names that are valid UTF-8 by accident go with the others.
 */
export function decodeNames(records: readonly RawName[]): DecodedNames {
  const certain = records.map(unicodeName);
  const isSilent = ({ flags }: RawName) => (flags & FLAG_UTF8) === 0;
  const legacy = records.filter((record, index) => certain[index] === null && isSilent(record));
  const codePage = likeliestCodePage(legacy.map(({ bytes }) => bytes));
  const guess = (record: RawName): string | null =>
    isSilent(record) ? decodeIn(codePage, record.bytes) : null;
  let count = legacy.length;
  const names = records.map((record, index) => {
    let name = certain[index];
    const accident = count > 0 && name !== null && isSilent(record) && !hasUnicodePath(record);
    if (accident && name !== null && readsBetterIn(codePage, record.bytes, name)) {
      name = null;
      count += 1;
    }
    name ??= guess(record);
    return name === null ? null : withSlashes(name, record);
  });
  return { names, guessed: count > 0 ? { codePage: codePage.name, count } : null };
}

function withSlashes(name: string, { versionMadeBy }: RawName): string {
  return WINDOWS.has(versionMadeBy >> 8) ? name.replaceAll('\\', '/') : name;
}

/** What the Unicode path field says; null without one, and where it is of another name, as after renaming. */
function unicodePath({ bytes, extraFields }: RawName): string | null {
  const field = extraFields.find(({ id, data }) => id === UNICODE_PATH && data.length > 5 && data[0] === 1);
  const isOwn = field && field.data.readUInt32LE(1) === crc32(bytes);
  return isOwn ? decodeOrNull(field.data.subarray(5)) : null;
}

const hasUnicodePath = (record: RawName): boolean => unicodePath(record) !== null;

const unicodeName = (record: RawName): string | null => unicodePath(record) ?? decodeOrNull(record.bytes);

function decodeOrNull(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
