import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '../errors/app-error.js';
import type { VideoContainer } from './ffmpeg-arguments.js';

/** Reads `length` bytes at `offset`; fewer at the end of the file. */
type ReadAt = (offset: number, length: number) => Promise<Buffer>;

/**
 * Checks that a file is as long as its container declares. FFmpeg decodes a truncated file as far as it goes
 * and reports no error, so the sizes declared by the container are compared with the file size. Only the top
 * level is walked (a few reads); data after the last known box is ignored.
 * @throws AppError `VIDEO_CORRUPT` naming the truncated part
 */
export async function checkContainerComplete(path: string, container: VideoContainer): Promise<void> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const readAt = readerOf(file);
  if (container === 'mp4') await checkBoxes(readAt, size);
  else if (container === 'avi') await checkRiff(readAt, size);
  else if (container === 'mkv' || container === 'webm') await checkMatroska(readAt, size);
  // Transport and program streams declare no length, and truncation of a GIF only loses frames.
}

function readerOf(file: FileHandle): ReadAt {
  return async (offset, length) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  };
}

function cutOff(part: string, declared: number, present: number): AppError {
  return new AppError('VIDEO_CORRUPT', {
    message: `The video is cut off: its ${part} should have ${declared} bytes, only ${present} are there.`,
    details: { part, declared, present },
  });
}

function missing(part: string): AppError {
  return new AppError('VIDEO_CORRUPT', { message: `The video is cut off or was never finished: ${part}.` });
}

/**
 * Top-level box types of ISO/IEC 14496-12 and QuickTime. A size is only trusted if it belongs to one of
 * these.
 */
const TOP_LEVEL_BOXES = new Set(
  'ftyp moov mdat moof free skip wide pnot styp sidx ssix mfra meta uuid prft emsg udta'.split(' '),
);
const MAX_TOP_LEVEL_PARTS = 1_000_000;

async function checkBoxes(readAt: ReadAt, fileSize: number): Promise<void> {
  let hasIndex = false;
  let offset = 0;
  for (let part = 0; part < MAX_TOP_LEVEL_PARTS && offset + 8 <= fileSize; part += 1) {
    const header = await readAt(offset, 16);
    const type = header.toString('latin1', 4, 8);
    if (!TOP_LEVEL_BOXES.has(type)) break; // data appended after the video
    let size = header.readUInt32BE(0);
    if (size === 1 && header.length === 16) size = Number(header.readBigUInt64BE(8));
    if (size === 0) size = fileSize - offset; // size 0 means "to the end of the file"
    if (size < 8) break;
    if (offset + size > fileSize) throw cutOff(`'${type}' box`, size, fileSize - offset);
    hasIndex ||= type === 'moov';
    offset += size;
  }
  if (!hasIndex) throw missing("it has no 'moov' box");
}

async function checkRiff(readAt: ReadAt, fileSize: number): Promise<void> {
  // OpenDML files larger than a gigabyte consist of several consecutive RIFF chunks.
  let offset = 0;
  for (let part = 0; part < MAX_TOP_LEVEL_PARTS && offset + 12 <= fileSize; part += 1) {
    const header = await readAt(offset, 12);
    if (header.toString('latin1', 0, 4) !== 'RIFF') break;
    const size = header.readUInt32LE(4);
    if (size < 4) throw missing('its RIFF chunk has no size');
    if (offset + 8 + size > fileSize) throw cutOff('RIFF chunk', size, fileSize - offset - 8);
    offset += 8 + size + (size % 2);
  }
}

const EBML_HEADER = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
/**
 * SeekHead, Info, Tracks, Cues, Chapters, Tags, Attachments, Void, CRC-32, and Cluster (RFC 9559, section
 * 5.1).
 */
const SEGMENT_CHILDREN = new Set([
  0x114d9b74,
  0x1549a966,
  0x1654ae6b,
  0x1c53bb6b,
  0x1043a770,
  0x1254c367,
  0x1941a469,
  0xec,
  0xbf,
  CLUSTER,
]);

async function checkMatroska(readAt: ReadAt, fileSize: number): Promise<void> {
  const header = await readElement(readAt, 0);
  if (header?.id !== EBML_HEADER || header.size === undefined) throw missing('its EBML header is broken');
  const segment = await readElement(readAt, header.dataOffset + header.size);
  if (segment?.id !== SEGMENT) throw missing('it has no segment');
  if (segment.size !== undefined) {
    const present = fileSize - segment.dataOffset;
    if (segment.size > present) throw cutOff('segment', segment.size, present);
    return;
  }
  await checkOpenSegment(readAt, segment.dataOffset, fileSize);
}

/**
 * Streamed files have a segment of unknown size; its children are then walked as long as they have a size.
 */
async function checkOpenSegment(readAt: ReadAt, start: number, fileSize: number): Promise<void> {
  let offset = start;
  for (let part = 0; part < MAX_TOP_LEVEL_PARTS && offset < fileSize; part += 1) {
    const element = await readElement(readAt, offset);
    if (element === undefined) throw missing('its last element is broken');
    if (!SEGMENT_CHILDREN.has(element.id) || element.size === undefined) return;
    const present = fileSize - element.dataOffset;
    if (element.size > present)
      throw cutOff(element.id === CLUSTER ? 'last cluster' : 'last element', element.size, present);
    offset = element.dataOffset + element.size;
  }
}

interface EbmlElement {
  readonly id: number;
  /** `undefined` for "unknown size" (all bits set). */
  readonly size: number | undefined;
  readonly dataOffset: number;
}

/**
 * Reads id and size of the element at `offset` (RFC 8794, sections 4 to 6); `undefined` when they are
 * invalid.
 */
async function readElement(readAt: ReadAt, offset: number): Promise<EbmlElement | undefined> {
  const bytes = await readAt(offset, 12);
  const idLength = bytes.length === 0 ? 0 : Math.clz32(bytes[0]) - 23;
  if (idLength < 1 || idLength > 4 || bytes.length <= idLength) return undefined;
  const sizeLength = Math.clz32(bytes[idLength]) - 23;
  if (sizeLength > 8 || bytes.length < idLength + sizeLength) return undefined;
  const valueBits = 7n * BigInt(sizeLength);
  const raw = BigInt(`0x${bytes.toString('hex', idLength, idLength + sizeLength)}`);
  const value = raw & ((1n << valueBits) - 1n);
  const unknown = value === (1n << valueBits) - 1n;
  return {
    id: bytes.readUIntBE(0, idLength),
    size: unknown ? undefined : Number(value),
    dataOffset: offset + idLength + sizeLength,
  };
}
