import type { ImageFormat } from '../domain/image-format.js';

/**
 * Maximum number of frames or pages of an image. Only the first is used, but decoders list all of them, some
 * in quadratic time: 100 000 frames of a WebP of 4.6 MB take half a minute.
 */
export const MAX_FRAMES = 10_000;

/**
 * Whether an image has more frames or pages than {@link MAX_FRAMES}; broken files are left to the decoder.
 */
export function hasTooManyFrames(bytes: Uint8Array, format: ImageFormat): boolean {
  const count = FRAMES[format];
  if (!count) return false;
  try {
    return count(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) > MAX_FRAMES;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * Counters per format. They stop above {@link MAX_FRAMES}, and throw a RangeError at the end of the bytes.
 */
const FRAMES: Readonly<Partial<Record<ImageFormat, (bytes: Buffer) => number>>> = {
  webp: webpFrames,
  gif: gifFrames,
  tiff: tiffPages,
};

function webpFrames(bytes: Buffer): number {
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length && frames <= MAX_FRAMES;) {
    if (bytes.toString('latin1', at, at + 4) === 'ANMF') frames += 1;
    const length = bytes.readUInt32LE(at + 4);
    at += 8 + length + (length & 1);
  }
  return frames;
}

const GIF_EXTENSION = 0x21;
const GIF_IMAGE = 0x2c;

function gifFrames(bytes: Buffer): number {
  let frames = 0;
  for (let at = 13 + paletteBytes(bytes.readUInt8(10)); at < bytes.length && frames <= MAX_FRAMES;) {
    const block = bytes.readUInt8(at);
    if (block === GIF_EXTENSION) at = endOfSubBlocks(bytes, at + 2);
    else if (block === GIF_IMAGE) {
      frames += 1;
      at = endOfSubBlocks(bytes, at + 11 + paletteBytes(bytes.readUInt8(at + 9)));
    } else break;
  }
  return frames;
}

const paletteBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

function endOfSubBlocks(bytes: Buffer, from: number): number {
  let at = from;
  for (let length = bytes.readUInt8(at); length > 0; length = bytes.readUInt8(at)) at += 1 + length;
  return at + 1;
}

/** Directories may form a loop; like decoders, the count stops there. */
function tiffPages(bytes: Buffer): number {
  const little = bytes.toString('latin1', 0, 2) === 'II';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const big = view.getUint16(2, little) === 43;
  const offset = (at: number): number =>
    big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const seen = new Set<number>();
  for (let at = offset(big ? 8 : 4); at !== 0 && !seen.has(at) && seen.size <= MAX_FRAMES;) {
    seen.add(at);
    const count = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
    at = offset(at + (big ? 8 + 20 * count : 2 + 12 * count));
  }
  return seen.size;
}
