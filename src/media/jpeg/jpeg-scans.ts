import { HuffmanCode } from './jpeg-huffman.js';

/** The frame header of a JPEG. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly progressive: boolean;
  readonly components: readonly { readonly id: number; readonly h: number; readonly v: number }[];
}

/** One scan with its coded data. */
export interface JpegScan {
  readonly components: readonly {
    /** Index of the component in the frame. */
    readonly index: number;
    readonly dc: HuffmanCode | null;
    readonly ac: HuffmanCode | null;
  }[];
  /** First and last coefficient. */
  readonly start: number;
  readonly end: number;
  /** Successive approximation: number of low bits omitted by earlier scans, and by this one. */
  readonly high: number;
  readonly low: number;
  /** Units (MCUs) between restart markers; 0 for none. */
  readonly restart: number;
  /** Coded data between restart markers. */
  readonly intervals: readonly Uint8Array[];
}

interface Reading {
  readonly bytes: Uint8Array;
  frame: JpegFrame | null;
  readonly codes: Map<number, HuffmanCode>;
  restart: number;
  readonly scans: JpegScan[];
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];
const isRestart = (code: number): boolean => code >= 0xd0 && code <= 0xd7;

/**
 * The frame and all scans of a Huffman-coded 8-bit JPEG with a valid structure.
 * @returns null for all other files
 */
export function readScans(bytes: Uint8Array): { frame: JpegFrame; scans: readonly JpegScan[] } | null {
  const reading: Reading = { bytes, frame: null, codes: new Map(), restart: 0, scans: [] };
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at + 1] !== 0xd9) {
    // A marker may be preceded by fill bytes.
    if (bytes[at] === 0xff && bytes[at + 1] === 0xff) {
      at += 1;
      continue;
    }
    const next = readSegment(reading, at);
    if (next === null) return null;
    at = next;
  }
  const { frame, scans } = reading;
  return frame && scans.length > 0 ? { frame, scans } : null;
}

/** Reads one segment and, after a scan header, its data. @returns offset of the next segment */
function readSegment(reading: Reading, at: number): number | null {
  const { bytes } = reading;
  const marker = bytes[at + 1];
  const body = bytes.subarray(at + 4, at + 2 + word(bytes, at + 2));
  const end = at + 4 + body.length;
  if (bytes[at] !== 0xff) return null;
  if (marker === 0xc4) return readCodes(reading, body) ? end : null;
  if (marker === 0xdd) reading.restart = word(body, 0);
  if (marker >= 0xc0 && marker <= 0xcf) return readFrame(reading, marker, body) ? end : null;
  return marker === 0xda ? readScan(reading, body, end) : end;
}

function readCodes({ codes }: Reading, body: Uint8Array): boolean {
  let at = 0;
  while (at + 17 <= body.length) {
    const counts = body.subarray(at + 1, at + 17);
    const size = counts.reduce((sum, count) => sum + count, 0);
    codes.set(body[at], new HuffmanCode(counts, body.subarray(at + 17, at + 17 + size)));
    at += 17 + size;
  }
  return at === body.length;
}

function readFrame(reading: Reading, marker: number, body: Uint8Array): boolean {
  if (marker > 0xc2 || body[0] !== 8 || body.length !== 6 + 3 * body[5]) return false;
  const components = Array.from({ length: body[5] }, (_, index) => {
    const [id, factors] = body.subarray(6 + 3 * index);
    return { id, h: factors >> 4, v: factors & 15 };
  });
  const [height, width] = [word(body, 1), word(body, 3)];
  reading.frame = { width, height, progressive: marker === 0xc2, components };
  const sampled = components.every(({ h, v }) => h >= 1 && h <= 4 && v >= 1 && v <= 4);
  return width > 0 && height > 0 && components.length > 0 && sampled;
}

function readScan(reading: Reading, body: Uint8Array, from: number): number | null {
  const { frame, codes, bytes, restart } = reading;
  const count = body[0];
  if (!frame || count < 1 || body.length !== 4 + 2 * count) return null;
  const components = Array.from({ length: count }, (_, place) => {
    const [id, tables] = body.subarray(1 + 2 * place);
    const index = frame.components.findIndex((component) => component.id === id);
    return { index, dc: codes.get(tables >> 4) ?? null, ac: codes.get(0x10 | (tables & 15)) ?? null };
  });
  const [start, end, precision] = body.subarray(1 + 2 * count);
  if (components.some(({ index }) => index < 0) || end > 63) return null;
  const { intervals, next } = splitAtRestarts(bytes, from);
  const [high, low] = [precision >> 4, precision & 15];
  reading.scans.push({ components, start, end, high, low, restart, intervals });
  return next;
}

function splitAtRestarts(bytes: Uint8Array, from: number): { intervals: Uint8Array[]; next: number } {
  const intervals: Uint8Array[] = [];
  let begin = from;
  for (let at = bytes.indexOf(0xff, from); ; at = bytes.indexOf(0xff, at + 1)) {
    const code = at < 0 ? undefined : bytes[at + 1];
    if (code === 0 || code === 0xff) continue;
    const end = at < 0 ? bytes.length : at;
    intervals.push(bytes.subarray(begin, end));
    if (code === undefined || !isRestart(code)) return { intervals, next: end };
    begin = at + 2;
  }
}
