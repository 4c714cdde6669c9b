import { constants, crc32, deflateSync, inflateSync } from 'node:zlib';

/** A PNG whose structure a strict decoder accepts. */
export interface RepairedPng {
  /** The given bytes where nothing had to be changed. */
  readonly bytes: Uint8Array;
  /** What was wrong, one sentence each; empty for a sound file. */
  readonly faults: readonly string[];
  /** Frames of an animation; 1 for a still image. */
  readonly frames: number;
  /** Chunks that were read: at most one more than {@link MOST_CHUNKS}. */
  readonly chunks: number;
  /** Part of the image's rows that is not there, 0 to 1. */
  readonly missingShare: number;
}

/** Chunks of a PNG. The largest images have some ten thousand; each costs its reader a hundred bytes or more. */
export const MOST_CHUNKS = 200_000;
const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const CHUNK_OVERHEAD = 12;
/** Chunks of animations mean nothing in a still image. */
const ANIMATION: ReadonlySet<string> = new Set(['acTL', 'fcTL', 'fdAT']);
/** Pixels of a cut-off image are unpacked at most so far: its rows have to be counted. */
const MOST_UNPACKED = 256 * 2 ** 20;

interface Chunk {
  readonly type: string;
  /** With length and checksum. */
  readonly whole: Buffer;
  readonly data: Buffer;
}

interface Walk {
  readonly chunks: Chunk[];
  readonly faults: string[];
  frames: number;
  read: number;
  /** Pixel data that breaks off, with the file. */
  cut: Buffer | null;
}

/**
 * Brings the structure of a PNG in order, as viewers do silently: ancillary chunks with a wrong checksum are left out,
 * a missing end is added, whatever follows the end is left out, the last rows of a file that was cut off by a sliver
 * are blank. Of an animation the still image is kept.
 */
export function repairPng(bytes: Uint8Array): RepairedPng {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const walk: Walk = { chunks: [], faults: [], frames: 1, read: 0, cut: null };
  const end = readChunks(source, walk);
  const { chunks, faults, frames, read, cut } = walk;
  // It will not be decoded.
  if (read > MOST_CHUNKS) return { bytes, faults, frames, chunks: read, missingShare: 0 };
  const animated = frames > 1;
  if (faults.length === 0 && !animated && cut === null)
    return { bytes: source.subarray(0, end), faults, frames, chunks: read, missingShare: 0 };
  const completed = cut === null ? { chunks, missingShare: 0 } : completePixels(chunks, cut);
  const parts = completed.chunks.map(({ whole }) => whole);
  return {
    bytes: Buffer.concat([source.subarray(0, SIGNATURE_BYTES), ...parts]),
    faults,
    frames,
    chunks: read,
    missingShare: completed.missingShare,
  };
}

/** @returns the offset behind the last chunk that was read */
function readChunks(source: Buffer, walk: Walk): number {
  let at = SIGNATURE_BYTES;
  while (at + CHUNK_OVERHEAD <= source.length) {
    const type = source.toString('latin1', at + 4, at + 8);
    const end = at + CHUNK_OVERHEAD + source.readUInt32BE(at);
    if (end > source.length) {
      if (type === 'IDAT') walk.cut = source.subarray(at + 8);
      break;
    }
    walk.read += 1;
    if (walk.read > MOST_CHUNKS) return end;
    takeChunk(walk, { type, whole: source.subarray(at, end), data: source.subarray(at + 8, end - 4) });
    at = end;
    if (type === 'IEND') return at;
  }
  walk.faults.push('The end of the PNG is missing.');
  walk.chunks.push(chunkOf('IEND', Buffer.alloc(0)));
  return source.length;
}

function takeChunk(walk: Walk, chunk: Chunk): void {
  const { type, whole, data } = chunk;
  // Lower-case first letters mark chunks that an image can do without.
  const isAncillary = type >= 'a';
  const sound = crc32(whole.subarray(4, -4)) === whole.readUInt32BE(whole.length - 4);
  if (type === 'acTL' && data.length >= 4) walk.frames = data.readUInt32BE(0);
  if (ANIMATION.has(type)) return;
  if (sound || !isAncillary) walk.chunks.push(chunk);
  else
    walk.faults.push(
      `The chunk ${type.replaceAll(/\W/g, '?')} of the PNG has a wrong checksum and was ignored.`,
    );
}

function chunkOf(type: string, data: Buffer): Chunk {
  const whole = Buffer.alloc(data.length + CHUNK_OVERHEAD);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, 'latin1');
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4);
  return { type, whole, data };
}

/** Chunks with blank rows for those that are missing. */
function completePixels(
  chunks: readonly Chunk[],
  cut: Buffer,
): { chunks: readonly Chunk[]; missingShare: number } {
  const header = chunks.find(({ type }) => type === 'IHDR');
  const size = header ? unpackedBytes(header.data) : null;
  if (size === null || size > MOST_UNPACKED) return { chunks, missingShare: 1 };
  const packed = [...chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data), cut];
  const found = unpack(Buffer.concat(packed), size);
  const whole = Buffer.alloc(size);
  found.copy(whole, 0, 0, size);
  const rest = chunks.filter(({ type }) => type !== 'IDAT' && type !== 'IEND');
  const completed = [
    ...rest,
    chunkOf('IDAT', deflateSync(whole, { level: 1 })),
    chunkOf('IEND', Buffer.alloc(0)),
  ];
  return { chunks: completed, missingShare: 1 - Math.min(1, found.length / size) };
}

function unpack(packed: Buffer, size: number): Buffer {
  try {
    return inflateSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: size + 1 });
  } catch {
    return Buffer.alloc(0);
  }
}

/** Bytes of all rows with their filter bytes; null for interlaced images, whose rows come in seven rounds. */
function unpackedBytes(header: Buffer): number | null {
  if (header.length !== 13 || header[12] !== 0) return null;
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[header[9]];
  if (channels === undefined) return null;
  const rowBits = header.readUInt32BE(0) * channels * header[8];
  return header.readUInt32BE(4) * (1 + Math.ceil(rowBits / 8));
}
