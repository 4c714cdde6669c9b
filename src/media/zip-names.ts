import { crc32 } from 'node:zlib';

/** What of a directory record says how its name is to be read. */
export interface RawName {
  readonly bytes: Buffer;
  /** General purpose bit flags. */
  readonly flags: number;
  /** Upper byte: the system that the archive was made on. */
  readonly versionMadeBy: number;
  readonly extraFields: readonly { readonly id: number; readonly data: Buffer }[];
}

const FLAG_UTF8 = 0x800;
/** Info-ZIP Unicode Path (APPNOTE 4.6.9). */
const UNICODE_PATH = 0x7075;
/** MS-DOS, NTFS and VFAT: there a backslash separates folders. */
const WINDOWS: ReadonlySet<number> = new Set([0, 10, 14]);
/** CP437 from 0x80 on. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The names of an archive's records. A name is UTF-8 where it says so, where a Unicode path field does, and where its bytes
 * are valid UTF-8, since macOS writes UTF-8 without saying so. All other names of the archive are in one code page: Shift-JIS,
 * GBK or CP437, whichever reads all of them as text.
 * @returns names in the order of the records; null for those that are no text
 */
export function decodeNames(records: readonly RawName[]): readonly (string | null)[] {
  const certain = records.map(unicodeName);
  const legacy = records.filter(
    (record, index) => certain[index] === null && (record.flags & FLAG_UTF8) === 0,
  );
  const decode = codePageOf(legacy.map(({ bytes }) => bytes));
  return records.map((record, index) => {
    const name = certain[index] ?? (legacy.includes(record) ? decode(record.bytes) : null);
    return name === null ? null : withSlashes(name, record);
  });
}

function withSlashes(name: string, { versionMadeBy }: RawName): string {
  return WINDOWS.has(versionMadeBy >> 8) ? name.replaceAll('\\', '/') : name;
}

function unicodeName({ bytes, extraFields }: RawName): string | null {
  const field = extraFields.find(({ id, data }) => id === UNICODE_PATH && data.length > 5 && data[0] === 1);
  // The field is of another name where somebody renamed the entry without knowing it.
  if (field && field.data.readUInt32LE(1) === crc32(bytes)) {
    const name = decodeOrNull(utf8, field.data.subarray(5));
    if (name !== null) return name;
  }
  return decodeOrNull(utf8, bytes);
}

function decodeOrNull(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

type Decode = (bytes: Uint8Array) => string;

const decodeCp437: Decode = (bytes) =>
  Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : CP437[byte - 0x80])).join('');

/** Runs of characters that a name in an East Asian script has; single ones come from letters of CP437 as well. */
const EAST_ASIAN = /^[\p{scx=Hira}\p{scx=Kana}\p{scx=Han}\u3000-\u303f\uff01-\uff5e]+$/u;
const HALF_WIDTH = /[\uff61-\uff9f]/;

/** The code page that reads all names as text. */
function codePageOf(names: readonly Buffer[]): Decode {
  for (const label of ['shift_jis', 'gbk']) {
    const decoder = new TextDecoder(label, { fatal: true });
    const texts = names.map((bytes) => decodeOrNull(decoder, bytes));
    if (texts.length > 0 && texts.every(isEastAsian)) return (bytes) => decoder.decode(bytes);
  }
  return decodeCp437;
}

function isEastAsian(text: string | null): boolean {
  if (text === null || HALF_WIDTH.test(text)) return false;
  const runs = text.match(/[^\0-\x7f]+/g) ?? [];
  return runs.every((run) => EAST_ASIAN.test(run)) && runs.some((run) => run.length > 1);
}
