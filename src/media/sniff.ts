import { open } from 'node:fs/promises';
import { AppError } from '../errors/app-error.js';
import type { VideoContainer } from './ffmpeg-arguments.js';
import { describeForeignFile, foreignVideoEnding } from './foreign-file.js';
import { IMAGE_FORMATS, type ImageFormat } from '../domain/image-format.js';
import { describeForeign, isImageFormat, imageTypeOf } from './image-type.js';
import { hasProgramStream, isTransportStream } from './mpeg-sync.js';

/** All file types that the product accepts; `mov` and `3gp` are read like `mp4`. */
export type SniffedType = 'mp4' | 'mov' | '3gp' | 'avi' | 'mkv' | 'webm' | 'ts' | 'mpg' | 'zip' | ImageFormat;

/** Types of videos. */
export const VIDEO_TYPES: readonly SniffedType[] = [
  'mp4',
  'mov',
  '3gp',
  'avi',
  'mkv',
  'webm',
  'ts',
  'mpg',
  'gif',
];

/** Types of images. */
export const IMAGE_TYPES: readonly ImageFormat[] = IMAGE_FORMATS;

const HEAD_BYTES = 4100;

/** The demuxer family of a video type. */
export function containerOf(type: SniffedType): VideoContainer {
  switch (type) {
    case 'avi':
    case 'mkv':
    case 'webm':
    case 'ts':
    case 'mpg':
    case 'gif':
      return type;
    default:
      return 'mp4';
  }
}

const TYPE_OF_MIME: Readonly<Record<string, SniffedType>> = {
  'video/mp4': 'mp4',
  'video/x-m4v': 'mp4',
  'video/quicktime': 'mov',
  'video/3gpp': '3gp',
  'video/3gpp2': '3gp',
  // Files of these brands may contain a video; their streams decide.
  'audio/x-m4a': 'mp4',
  'audio/mp4': 'mp4',
  'video/mp2t': 'ts',
  'video/MP1S': 'mpg',
  'video/MP2P': 'mpg',
  'video/vnd.avi': 'avi',
  'video/matroska': 'mkv',
  'video/webm': 'webm',
  'application/zip': 'zip',
};

/**
 * Detects a file's type from its first bytes, never from its name, before FFmpeg, libvips or a ZIP reader
 * opens it.
 * @param path file to inspect; only its first 4 KB are read
 * @param allowed types that the caller accepts
 * @throws AppError `EMPTY_FILE` (invalid), `UNSUPPORTED_TYPE` (unsupported_type) naming the detected and the
 *   allowed types
 */
export async function sniffFile(path: string, allowed: readonly SniffedType[]): Promise<SniffedType> {
  const head = await readHead(path);
  if (head.length === 0) {
    throw new AppError('EMPTY_FILE', { message: 'The file is empty (0 bytes).' });
  }
  const found = await identify(head);
  if (found.type !== undefined && allowed.includes(found.type)) return found.type;
  throw new AppError('UNSUPPORTED_TYPE', {
    message: `The file contains ${found.description}; supported here: ${[...new Set(allowed)].join(', ')}.`,
    details: { found: found.description, allowed },
  });
}

async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

interface Identified {
  readonly type: SniffedType | undefined;
  readonly description: string;
}

async function identify(head: Buffer): Promise<Identified> {
  // file-type opens archives to detect document formats; a ZIP is accepted as such, and the ZIP reader checks
  // its content.
  if (isZip(head)) return { type: 'zip', description: 'zip' };
  const image = imageTypeOf(head);
  if (isImageFormat(image)) return { type: image, description: image };
  if (isTransportStream(head)) return { type: 'ts', description: 'ts' };
  const foreign = describeForeign(head);
  if (foreign !== null) return { type: undefined, description: foreign };
  const ending = foreignVideoEnding(head);
  if (ending !== undefined) return { type: undefined, description: describeForeignFile(ending) ?? ending };
  const { fileTypeFromBuffer } = await import('file-type');
  const found = await fileTypeFromBuffer(head);
  if (found === undefined && hasProgramStream(head)) return { type: 'mpg', description: 'mpg' };
  if (found === undefined) return { type: undefined, description: describeText(head) };
  const type = TYPE_OF_MIME[found.mime];
  const description = type ?? describeForeignFile(found.ext) ?? `${found.ext} (${found.mime})`;
  return { type, description };
}

function isZip(head: Buffer): boolean {
  const text = head.subarray(0, 8).toString('latin1');
  // Split archives, or single-part archives that could have been split, begin with a marker.
  const start = text.startsWith('PK00') || text.startsWith('PK\x07\x08') ? text.slice(4) : text;
  return start.startsWith('PK\x03\x04') || start.startsWith('PK\x05\x06');
}

function describeText(head: Buffer): string {
  const text = head.toString('latin1').trimStart().slice(0, 64).toLowerCase();
  if (text.startsWith('#extm3u')) return 'an HLS playlist';
  if (text.startsWith('ffconcat')) return 'an FFmpeg concat list';
  if (text.startsWith('<')) return 'markup text (HTML, SVG or XML)';
  return head.includes(0) ? 'data of an unknown type' : 'plain text';
}
