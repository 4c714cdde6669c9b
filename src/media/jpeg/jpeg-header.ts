/** One component of a JPEG. */
export interface JpegComponent {
  /** Sampling factors, 1 or 2. */
  readonly h: number;
  readonly v: number;
  /** Offset of its 64 quantisation steps in zigzag order, 8 bits each. */
  readonly steps: number;
  /** Huffman tables, 0 or 1. */
  readonly dc: number;
  readonly ac: number;
}

/** Offset of the 16 counts of a Huffman table, which precede its values. */
export interface HuffmanTable {
  readonly kind: 'dc' | 'ac';
  readonly id: number;
  readonly counts: number;
}

/** Header fields needed to decode the most common kind of JPEG. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** One (grey) or three components (luma and two chroma components). */
  readonly components: readonly JpegComponent[];
  readonly tables: readonly HuffmanTable[];
  /** Units (MCUs) between restart markers; 0 for none. */
  readonly restart: number;
  /** Offset of the coded data. */
  readonly data: number;
}

const SOF0 = 0xc0;
const DHT = 0xc4;
const SOI = 0xd8;
const SOS = 0xda;
const DQT = 0xdb;
const DRI = 0xdd;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const COM = 0xfe;
const YCBCR = 1;
/** Maximum blocks of a unit with several components (ITU-T T.81, B.2.3). */
const MAX_UNIT_BLOCKS = 10;
/** Maximum bits of a DC difference of 8-bit samples. */
const MAX_DC_BITS = 11;

/** Header fields collected while the segments are read. */
interface HeaderFields {
  size?: { readonly width: number; readonly height: number };
  components: { readonly id: number; readonly h: number; readonly v: number; readonly table: number }[];
  readonly steps: (number | undefined)[];
  readonly tables: HuffmanTable[];
  restart: number;
  /** Whether a segment declares YCbCr. */
  ycc: boolean;
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];

const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length));

/**
 * Reads the segments of a JPEG up to its data (ITU-T T.81).
 * @returns null for damaged files and for all but the most common kind, which is Huffman-coded, sequential, 8
 *   bits, one scan, grey or YCbCr, upright, without a colour profile
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | null {
  const found: HeaderFields = { components: [], steps: [], tables: [], restart: 0, ycc: false };
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return null;
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    const end = at + 2 + word(bytes, at + 2);
    if (bytes[at] !== 0xff || end > bytes.length || end < at + 4) return null;
    if (marker === SOS) return finish(bytes, { from: at + 4, end }, found);
    const read = SEGMENTS.get(marker);
    // Names, comments and thumbnails are ignored; an unknown frame type is not supported.
    if (read ? !read(bytes, { from: at + 4, end }, found) : !(marker > APP2 && marker < APP14)) return null;
    at = end;
  }
  return null;
}

interface Segment {
  readonly from: number;
  readonly end: number;
}

type Reader = (bytes: Uint8Array, segment: Segment, found: HeaderFields) => boolean;

function readFrame(bytes: Uint8Array, { from, end }: Segment, found: HeaderFields): boolean {
  const count = bytes[from + 5];
  if (found.size || bytes[from] !== 8 || end !== from + 6 + 3 * count) return false;
  found.size = { height: word(bytes, from + 1), width: word(bytes, from + 3) };
  for (let at = from + 6; at < end; at += 3) {
    const [id, factors, table] = bytes.subarray(at, at + 3);
    found.components.push({ id, h: factors >> 4, v: factors & 15, table });
  }
  return found.size.width > 0 && found.size.height > 0;
}

function readSteps(bytes: Uint8Array, { from, end }: Segment, { steps }: HeaderFields): boolean {
  let at = from;
  // 16-bit quantisation steps are only used with 12-bit samples.
  for (; at + 65 <= end && bytes[at] < 4; at += 65) steps[bytes[at]] = at + 1;
  return at === end;
}

function readTables(bytes: Uint8Array, { from, end }: Segment, { tables }: HeaderFields): boolean {
  let at = from;
  while (at + 17 <= end) {
    const kind = bytes[at] >> 4 === 0 ? 'dc' : 'ac';
    const id = bytes[at] & 15;
    if (bytes[at] >> 4 > 1 || id > 1) return false;
    tables.push({ kind, id, counts: at + 1 });
    const values = at + 17;
    at = values + bytes.subarray(at + 1, values).reduce((sum, count) => sum + count, 0);
    // The values are bit lengths; libjpeg rejects impossible ones as well.
    if (kind === 'dc' && bytes.subarray(values, at).some((bits) => bits > MAX_DC_BITS)) return false;
  }
  return at === end;
}

/** EXIF may require a rotation: only images without an orientation or with orientation 1 are supported. */
function isUpright(bytes: Uint8Array, { from, end }: Segment): boolean {
  if (text(bytes, from, 6) !== 'Exif\0\0') return true;
  const tiff = from + 6;
  const little = text(bytes, tiff, 2) === 'II';
  const view = new DataView(bytes.buffer, bytes.byteOffset + tiff, end - tiff);
  try {
    const directory = view.getUint32(4, little);
    const entries = view.getUint16(directory, little);
    for (let entry = directory + 2; entry < directory + 2 + 12 * entries; entry += 12) {
      if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little) === 1;
    }
    return true;
  } catch {
    return false;
  }
}

const SEGMENTS: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [SOF0, readFrame],
  [DHT, readTables],
  [DQT, readSteps],
  [
    DRI,
    (bytes, { from, end }, found) => {
      found.restart = word(bytes, from);
      return end === from + 2;
    },
  ],
  [
    APP0,
    (bytes, { from }, found) => {
      found.ycc ||= text(bytes, from, 5) === 'JFIF\0';
      return true;
    },
  ],
  [APP1, isUpright],
  [APP2, (bytes, { from }) => text(bytes, from, 12) !== 'ICC_PROFILE\0'],
  [
    APP14,
    (bytes, { from, end }, found) => {
      if (text(bytes, from, 5) !== 'Adobe' || end < from + 12) return true;
      found.ycc = true;
      return bytes[from + 11] === YCBCR;
    },
  ],
  [COM, () => true],
]);

function finish(bytes: Uint8Array, { from, end }: Segment, found: HeaderFields): JpegHeader | null {
  const { size, tables, restart } = found;
  const count = bytes[from];
  const whole = count === found.components.length && end === from + 4 + 2 * count;
  // One scan with all components and all coefficients.
  const sequential = bytes[end - 3] === 0 && bytes[end - 2] === 63 && bytes[end - 1] === 0;
  if (!size || !whole || !sequential) return null;
  const components: JpegComponent[] = [];
  for (const [place, { id, h, v, table }] of found.components.entries()) {
    const at = from + 1 + 2 * place;
    const [dc, ac, steps] = [bytes[at + 1] >> 4, bytes[at + 1] & 15, found.steps[table]];
    if (bytes[at] !== id || dc > 1 || ac > 1 || steps === undefined) return null;
    components.push({ h, v, steps, dc, ac });
  }
  const usual = count === 1 ? isGrey(components) : isYcc(found, components);
  return usual ? { ...size, components, tables, restart, data: end } : null;
}

/**
 * The sampling factors of a single component have no meaning; values other than 1 are rare and change the
 * block count.
 */
const isGrey = ([{ h, v }]: readonly JpegComponent[]): boolean => h === 1 && v === 1;

function isYcc({ ycc, components: named }: HeaderFields, components: readonly JpegComponent[]): boolean {
  if (components.length !== 3) return false;
  const [light, ...differences] = components;
  const usual = named.every(({ id }, place) => id === place + 1);
  const sampled = light.h <= 2 && light.v <= 2;
  // FFmpeg writes images without subsampling with equal factors above 1.
  const fitting = differences.every(({ h, v }) => h >= 1 && v >= 1 && h <= light.h && v <= light.v);
  const blocks = components.reduce((sum, { h, v }) => sum + h * v, 0);
  return (ycc || usual) && sampled && fitting && blocks <= MAX_UNIT_BLOCKS;
}
