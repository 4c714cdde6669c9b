import { MAX_SEGMENTS, type JpegEffort } from './jpeg-effort.js';

/** A JPEG whose structure a strict decoder accepts. */
export interface RepairedJpeg {
  /** The original bytes if nothing was changed. */
  readonly bytes: Uint8Array;
  /** The repaired faults, one sentence each; empty for a valid file. */
  readonly faults: readonly string[];
  /** Bits per sample; null without a frame header. */
  readonly precision: number | null;
  /** Whether the frame is lossless or hierarchical, which viewers do not support. */
  readonly exotic: boolean;
  /**
   * Whether the decoder may not notice missing last rows: libjpeg checks for missing data only after each row
   * of blocks.
   */
  readonly mayLackRows: boolean;
  /** Work required to decode it. */
  readonly effort: JpegEffort;
}

const EOI = 0xd9;
const SOS = 0xda;
const DHT = 0xc4;
const JPG = 0xc8;
const DAC = 0xcc;
const SEQUENTIAL_FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc9]);
const PROGRESSIVE_FRAMES: ReadonlySet<number> = new Set([0xc2, 0xca]);
/** Spectral selection and approximation of a scan with all data. */
const WHOLE_SCAN = [0, 63, 0] as const;
const EXTRA_BYTES = 'Extra bytes between the segments of the JPEG were skipped.';
const SCAN = 'The scan parameters of the JPEG were wrong and were corrected.';
const NO_END = 'The end marker of the JPEG is missing.';

interface Walk {
  readonly source: Buffer;
  at: number;
  readonly parts: Uint8Array[];
  readonly faults: Set<string>;
  precision: number | null;
  sequential: boolean;
  exotic: boolean;
  width: number;
  height: number;
  scans: number;
  scannedSamples: number;
  segments: number;
  /**
   * Share of the image's samples in each component, by component number; 1/4 for a component of half the
   * width and height.
   */
  channels: ReadonlyMap<number, number>;
}

/**
 * Repairs the structure of a JPEG, as viewers do silently: skips bytes before a marker, corrects the scan
 * parameters of sequential JPEGs, adds a missing end marker, and drops everything after the end marker
 * (second images of MPO files, trailers of phones). The coded data is unchanged.
 */
export function repairJpeg(bytes: Uint8Array): RepairedJpeg {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const walk: Walk = {
    source,
    at: 2,
    parts: [source.subarray(0, 2)],
    faults: new Set(),
    precision: null,
    sequential: false,
    exotic: false,
    width: 0,
    height: 0,
    scans: 0,
    scannedSamples: 0,
    segments: 0,
    channels: new Map(),
  };
  while (walk.segments <= MAX_SEGMENTS && takeSegment(walk));
  const { faults, precision, exotic, sequential } = walk;
  const { width, height, scans, scannedSamples, segments } = walk;
  const sound = faults.size === 0;
  return {
    bytes: sound ? source.subarray(0, walk.at) : Buffer.concat(walk.parts),
    faults: [...faults],
    precision,
    exotic,
    mayLackRows: faults.has(NO_END) || (sequential && height <= LOW),
    effort: { width, height, scans, scannedSamples, segments },
  };
}

/** For images with fewer rows than this, one row of blocks (16 pixels) is more than 2 % of the image. */
const LOW = 800;

/** Copies one segment. @returns whether another one may follow */
function takeSegment(walk: Walk): boolean {
  const { source, parts } = walk;
  const marker = nextMarker(walk);
  const length = walk.at + 4 <= source.length ? source.readUInt16BE(walk.at + 2) : 0;
  const end = walk.at + 2 + length;
  if (marker === null || (marker !== EOI && (length < 2 || end > source.length))) return endTruncated(walk);
  if (marker === EOI) {
    parts.push(source.subarray(walk.at, walk.at + 2));
    walk.at += 2;
    return false;
  }
  walk.segments += 1;
  recordFrame(walk, marker, end);
  parts.push(source.subarray(walk.at, end));
  const headerAt = walk.at;
  walk.at = end;
  if (marker === SOS) takeScan(walk, headerAt);
  return true;
}

/** Advances to the next marker and returns its code; null at the end of the file. */
function nextMarker(walk: Walk): number | null {
  const { source } = walk;
  const from = walk.at;
  for (let at = source.indexOf(0xff, from); at >= 0 && at + 1 < source.length;) {
    const code = source[at + 1];
    // 0xff may be repeated before a marker; restart markers and 0xff00 are ignored between segments.
    if (code !== 0xff && code !== 0 && code !== 1 && !isRestart(code)) {
      if (source.subarray(from, at).some((byte) => byte !== 0xff)) walk.faults.add(EXTRA_BYTES);
      walk.at = at;
      return code;
    }
    at = source.indexOf(0xff, code === 0xff ? at + 1 : at + 2);
  }
  return null;
}

/** Ends a truncated file. Zero bytes reserved by an incomplete download are dropped. */
function endTruncated(walk: Walk): false {
  walk.faults.add(NO_END);
  walk.parts.push(Buffer.from([0xff, EOI]));
  return false;
}

const isRestart = (code: number): boolean => code >= 0xd0 && code <= 0xd7;

function recordFrame(walk: Walk, marker: number, end: number): void {
  const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== JPG && marker !== DAC;
  if (!isFrame || end < walk.at + 10) return;
  walk.precision = walk.source[walk.at + 4];
  walk.height = walk.source.readUInt16BE(walk.at + 5);
  walk.width = walk.source.readUInt16BE(walk.at + 7);
  walk.sequential = SEQUENTIAL_FRAMES.has(marker);
  walk.exotic = !walk.sequential && !PROGRESSIVE_FRAMES.has(marker);
  walk.channels = channelsOf(walk.source.subarray(walk.at + 10, end));
}

/** @param entries component entries of a frame header: number, sampling factors and table */
function channelsOf(entries: Buffer): ReadonlyMap<number, number> {
  const sampling = new Map<number, number>();
  for (let at = 0; at + 3 <= entries.length; at += 3)
    sampling.set(entries[at], (entries[at + 1] >> 4) * (entries[at + 1] & 15));
  const most = Math.max(1, ...sampling.values());
  return new Map([...sampling].map(([channel, samples]) => [channel, samples / most]));
}

/** Number of samples of a scan; components that the frame header does not list count in full. */
function samplesOf({ width, height, channels }: Walk, header: Buffer): number {
  let share = 0;
  for (let at = 5; at + 2 <= header.length - 3; at += 2) share += channels.get(header[at]) ?? 1;
  return Math.round(share * width * height);
}

function takeScan(walk: Walk, headerAt: number): void {
  const { source, parts } = walk;
  walk.scans += 1;
  const header = source.subarray(headerAt, walk.at);
  walk.scannedSamples += samplesOf(walk, header);
  if (walk.sequential && WHOLE_SCAN.some((value, index) => header[header.length - 3 + index] !== value)) {
    walk.faults.add(SCAN);
    parts[parts.length - 1] = Buffer.concat([header.subarray(0, -3), Buffer.from(WHOLE_SCAN)]);
  }
  const end = endOfScan(source, walk.at);
  const isLast = end >= source.length;
  parts.push(isLast ? withoutTrailingZeros(source.subarray(walk.at)) : source.subarray(walk.at, end));
  walk.at = end;
}

/** Offset of the marker that ends the coded data; the length of the file if there is none. */
function endOfScan(source: Buffer, from: number): number {
  for (let at = source.indexOf(0xff, from); at >= 0; at = source.indexOf(0xff, at + 1)) {
    const code = source[at + 1];
    if (code === undefined) return at;
    if (code !== 0 && code !== 0xff && !isRestart(code)) return at;
  }
  return source.length;
}

/** A shorter run of zeros may be coded data. */
const RESERVED_BYTES = 64;

function withoutTrailingZeros(data: Buffer): Buffer {
  let end = data.length;
  while (end > 0 && data[end - 1] === 0) end -= 1;
  return data.length - end < RESERVED_BYTES ? data : data.subarray(0, end);
}
