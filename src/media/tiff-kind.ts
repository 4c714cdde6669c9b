/** Tags of the first directory of a TIFF. */
const TAG = {
  subfile: 254,
  bits: 258,
  compression: 259,
  photometric: 262,
  subDirectories: 330,
  sampleFormat: 339,
  dngVersion: 50_706,
} as const;

/** Photometric interpretations that are not supported. */
const COLOURS: Readonly<Record<number, string>> = {
  8: 'CIE L*a*b* colours',
  9: 'ICC L*a*b* colours',
  10: 'ITU L*a*b* colours',
  32_844: 'LogLuv colours',
  32_845: 'LogLuv colours',
};
const COLOUR_FILTER = 32_803;
const YCBCR = 6;
/** Compressions whose decoder converts YCbCr to RGB: both kinds of JPEG. */
const JPEGS: ReadonlySet<number> = new Set([6, 7]);
/** Compressions that libvips reads here: none, those of faxes, LZW, JPEG, Deflate, PackBits and WebP. */
const COMPRESSIONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 32_771, 32_773, 32_946, 50_001]);
/** Names of others. */
const FOREIGN_COMPRESSIONS: Readonly<Record<number, string>> = {
  32_809: 'ThunderScan',
  33_003: 'JPEG 2000',
  33_005: 'JPEG 2000',
  34_661: 'JBIG',
  34_712: 'JPEG 2000',
  34_887: 'LERC',
  34_925: 'LZMA',
  50_000: 'Zstandard',
  50_002: 'JPEG XL',
  52_546: 'JPEG XL',
};
const SAMPLE_FORMATS: Readonly<Record<number, string>> = {
  2: 'signed',
  3: 'floating-point',
  5: 'complex',
  6: 'complex',
};
/** Maximum number of entries of a directory; real files have some dozens. */
const MAX_ENTRIES = 1000;

/**
 * Describes a TIFF variant that is not supported: a camera raw image, of which only a thumbnail would be
 * decoded, or colours or samples that would be decoded incorrectly.
 * @returns null for all others, broken files included
 */
export function unsupportedTiff(bytes: Uint8Array): string | null {
  const tags = firstDirectory(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (!tags) return null;
  const value = (tag: number): number | undefined => tags.get(tag);
  if (tags.has(TAG.dngVersion)) return raw('DNG');
  const isThumbnail = ((value(TAG.subfile) ?? 0) & 1) === 1 && tags.has(TAG.subDirectories);
  if (isThumbnail || value(TAG.photometric) === COLOUR_FILTER) return raw('camera raw');
  const compression = value(TAG.compression) ?? 1;
  if (!COMPRESSIONS.has(compression)) {
    const name = FOREIGN_COMPRESSIONS[compression] ?? `method ${String(compression)}`;
    return `a TIFF with the compression ${name}, which is not supported; save it with LZW or Deflate`;
  }
  if (value(TAG.photometric) === YCBCR && !JPEGS.has(compression))
    return 'a TIFF in YCbCr colours without JPEG compression, which is not supported; save it in RGB';
  const colours = COLOURS[value(TAG.photometric) ?? -1];
  if (colours) return `a TIFF in ${colours}, which is not supported; save it in RGB`;
  const format = SAMPLE_FORMATS[value(TAG.sampleFormat) ?? 1];
  const bits = value(TAG.bits) ?? 1;
  // Floating-point colours have a defined meaning: linear light.
  const isLight = format === 'floating-point' && bits <= 32 && value(TAG.photometric) === 2;
  if (isLight || (!format && bits <= 16)) return null;
  return `a TIFF with ${String(bits)}-bit ${format ?? 'integer'} samples, which is not supported; save it with 8 or 16 unsigned bits`;
}

const raw = (kind: string): string =>
  `a ${kind} image, which is not supported; develop it and export it as JPEG, PNG or 16-bit TIFF`;

/** The first value of each tag in the first directory. */
function firstDirectory(bytes: Buffer): ReadonlyMap<number, number> | null {
  const little = bytes.toString('latin1', 0, 2) === 'II';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const big = view.getUint16(2, little) === 43;
    const at = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
    const count = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
    const [first, size] = big ? [at + 8, 20] : [at + 2, 12];
    const tags = new Map<number, number>();
    for (let entry = first; entry < first + size * Math.min(count, MAX_ENTRIES); entry += size)
      tags.set(view.getUint16(entry, little), firstValue(view, { entry, little, big }));
    return tags;
  } catch {
    return null;
  }
}

interface Entry {
  readonly entry: number;
  readonly little: boolean;
  readonly big: boolean;
}

/** The value, or the first of several values stored outside of the entry. */
function firstValue(view: DataView, { entry, little, big }: Entry): number {
  const isShort = view.getUint16(entry + 2, little) === 3;
  const count = big ? Number(view.getBigUint64(entry + 4, little)) : view.getUint32(entry + 4, little);
  const inline = entry + (big ? 12 : 8);
  const fits = count * (isShort ? 2 : 4) <= (big ? 8 : 4);
  const far = big ? Number(view.getBigUint64(inline, little)) : view.getUint32(inline, little);
  const at = fits ? inline : far;
  return isShort ? view.getUint16(at, little) : view.getUint32(at, little);
}
