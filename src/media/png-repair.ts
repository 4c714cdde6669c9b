import { constants, crc32, deflateSync, inflateSync } from 'node:zlib';

/** A PNG whose structure a strict decoder accepts. */
export interface RepairedPng {
  /** The original bytes if nothing was changed. */
  readonly bytes: Uint8Array;
  /** The repaired faults, one sentence each; empty for a valid file. */
  readonly faults: readonly string[];
  /** Number of animation frames; 1 for a still image. */
  readonly frames: number;
  /** Number of chunks read: at most one more than {@link MAX_CHUNKS}. */
  readonly chunks: number;
  /** Share of the image's rows that is missing, 0 to 1. */
  readonly missingShare: number;
}

/**
 * Maximum number of chunks. The largest images have some ten thousand, and each costs a reader a hundred
 * bytes or more.
 */
export const MAX_CHUNKS = 200_000;
const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const CHUNK_OVERHEAD = 12;
/** Chunks of animations, which have no meaning in a still image. */
const ANIMATION: ReadonlySet<string> = new Set(['acTL', 'fcTL', 'fdAT']);
/** Maximum number of bytes that are decompressed to count the rows of a truncated image. */
const MAX_UNPACKED = 256 * 2 ** 20;

interface Chunk {
  readonly type: string;
  /** The chunk including length and checksum. */
  readonly whole: Buffer;
  readonly data: Buffer;
}

interface Walk {
  readonly chunks: Chunk[];
  readonly faults: string[];
  frames: number;
  read: number;
  /** Truncated pixel data at the end of the file. */
  cut: Buffer | null;
}

/**
 * Repairs the structure of a PNG, as viewers do silently: drops ancillary chunks with a wrong checksum, adds
 * a missing end, drops everything after the end, and fills the last rows of a slightly truncated file with
 * blank ones. Of an animation only the still image is kept.
 */
export function repairPng(bytes: Uint8Array): RepairedPng {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const walk: Walk = { chunks: [], faults: [], frames: 1, read: 0, cut: null };
  const end = readChunks(source, walk);
  const { chunks, faults, frames, read, cut } = walk;
  // The caller rejects it, so there is nothing to repair.
  if (read > MAX_CHUNKS) return { bytes, faults, frames, chunks: read, missingShare: 0 };
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

/** @returns the offset after the last chunk that was read */
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
    if (walk.read > MAX_CHUNKS) return end;
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
  // A lower-case first letter marks ancillary chunks, which a decoder does not need.
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

/** Whether the first chunk is that of Apple's variant of PNG, whose pixels are stored in another way. */
export const isAppleOnly = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(12, 16)).toString('latin1') === 'CgBI';

/** Adds an ICC profile to a PNG that has none; it belongs before the pixels. */
export function pngWithProfile(png: Buffer, profile: Uint8Array): Buffer {
  // A name, its end, and the method of compression.
  const data = Buffer.concat([Buffer.from('ICC\0\0', 'latin1'), deflateSync(profile)]);
  const end = SIGNATURE_BYTES + CHUNK_OVERHEAD + png.readUInt32BE(SIGNATURE_BYTES);
  return Buffer.concat([png.subarray(0, end), chunkOf('iCCP', data).whole, png.subarray(end)]);
}

function chunkOf(type: string, data: Buffer): Chunk {
  const whole = Buffer.alloc(data.length + CHUNK_OVERHEAD);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, 'latin1');
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4);
  return { type, whole, data };
}

/** Chunks with blank rows that replace the missing ones. */
function completePixels(
  chunks: readonly Chunk[],
  cut: Buffer,
): { chunks: readonly Chunk[]; missingShare: number } {
  const header = chunks.find(({ type }) => type === 'IHDR');
  const size = header ? unpackedBytes(header.data) : null;
  if (size === null || size > MAX_UNPACKED) return { chunks, missingShare: 1 };
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

/** Size of all rows with their filter bytes; null for interlaced images, whose rows come in seven passes. */
function unpackedBytes(header: Buffer): number | null {
  if (header.length !== 13 || header[12] !== 0) return null;
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[header[9]];
  if (channels === undefined) return null;
  const rowBits = header.readUInt32BE(0) * channels * header[8];
  return header.readUInt32BE(4) * (1 + Math.ceil(rowBits / 8));
}
