import type { ImageFormat } from './image-type.js';

/**
 * Frames of an animation or pages of a document that an image may have. Only the first is taken, but decoders list all
 * of them, some in a time that grows with their square: 100 000 frames of a WebP of 4.6 MB take half a minute.
 */
export const MOST_FRAMES = 10_000;

/** Whether an image has more frames or pages than {@link MOST_FRAMES}; broken ones are left to their decoder. */
export function hasTooManyFrames(bytes: Uint8Array, format: ImageFormat): boolean {
  const count = FRAMES[format];
  if (!count) return false;
  try {
    return count(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) > MOST_FRAMES;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** They stop counting beyond {@link MOST_FRAMES}, and throw a RangeError at the end of the bytes. */
const FRAMES: Readonly<Partial<Record<ImageFormat, (bytes: Buffer) => number>>> = {
  webp: webpFrames,
  gif: gifFrames,
  tiff: tiffPages,
};

function webpFrames(bytes: Buffer): number {
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length && frames <= MOST_FRAMES;) {
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
  for (let at = 13 + paletteBytes(bytes.readUInt8(10)); at < bytes.length && frames <= MOST_FRAMES;) {
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

/** Directories may lead back to earlier ones; decoders stop there. */
function tiffPages(bytes: Buffer): number {
  const little = bytes.toString('latin1', 0, 2) === 'II';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const big = view.getUint16(2, little) === 43;
  const offset = (at: number): number =>
    big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const seen = new Set<number>();
  for (let at = offset(big ? 8 : 4); at !== 0 && !seen.has(at) && seen.size <= MOST_FRAMES;) {
    seen.add(at);
    const count = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
    at = offset(at + (big ? 8 + 20 * count : 2 + 12 * count));
  }
  return seen.size;
}
