import { crc32 } from 'node:zlib';
import { decodeIn, likeliestCodePage, readsBetterIn } from './zip-code-pages.js';

/** Fields of a directory record that determine the encoding of its name. */
export interface RawName {
  readonly bytes: Buffer;
  /** General purpose bit flags. */
  readonly flags: number;
  /** Upper byte: the operating system that created the archive. */
  readonly versionMadeBy: number;
  readonly extraFields: readonly { readonly id: number; readonly data: Buffer }[];
}

/** Decoded names, and how ambiguous ones were decoded. */
export interface DecodedNames {
  /** In the order of the records; null for names that cannot be decoded. */
  readonly names: readonly (string | null)[];
  /**
   * If some names do not declare their encoding: the code page that was chosen and the number of such names.
   */
  readonly guessed: { readonly codePage: string; readonly count: number } | null;
}

const FLAG_UTF8 = 0x800;
/** Info-ZIP Unicode Path Extra Field (APPNOTE 4.6.9). */
const UNICODE_PATH = 0x7075;
/** MS-DOS, NTFS and VFAT, where a backslash separates folders. */
const WINDOWS: ReadonlySet<number> = new Set([0, 10, 14]);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes the names of an archive's records. A name is taken from its Unicode Path field, or decoded as UTF-8
 * if its bytes are valid UTF-8, because macOS writes UTF-8 without declaring it. All other names of the
 * archive share one code page, which has to be guessed: the one in which all of them look most like text.
 * Short names that are valid UTF-8 by coincidence are decoded like the others.
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

/**
 * The name in the Unicode Path field; null without one, or if it belongs to another name, as after renaming.
 */
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
