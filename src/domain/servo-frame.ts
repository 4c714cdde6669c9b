import { AppError } from '../errors/app-error.js';
import type { FrameFormat, ServoFrame } from './servo.js';

/** Bytes per pixel; null for encoded formats, whose header contains the size. */
const PIXEL_BYTES = {
  jpeg: null,
  png: null,
  webp: null,
  gray8: 1,
  rgb24: 3,
  yuy2: 2,
} as const satisfies Record<FrameFormat, number | null>;

/** Encoded formats by media type, as of frames that come without a header. */
export const FRAME_MEDIA_TYPES = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
} as const satisfies Readonly<Record<string, FrameFormat>>;

/** See {@link FRAME_MEDIA_TYPES}. */
export type FrameMediaType = keyof typeof FRAME_MEDIA_TYPES;

/** Whether a format consists of raw pixels, so that width and height must be given. */
export const isRaw = (format: FrameFormat): boolean => PIXEL_BYTES[format] !== null;

/** Error for a frame that violates the documented format. */
export const malformedFrame = (message: string): AppError => new AppError('FRAME_MALFORMED', { message });

/**
 * Checks that a raw frame is not empty and has as many bytes as its size requires.
 * @throws AppError FRAME_MALFORMED (invalid)
 */
export function requireImage({ format, size, bytes }: Pick<ServoFrame, 'format' | 'size' | 'bytes'>): void {
  const pixelBytes = PIXEL_BYTES[format];
  if (pixelBytes === null) {
    if (bytes.length === 0) throw malformedFrame('The image of the frame has 0 bytes.');
    return;
  }
  const { width, height } = size ?? { width: 0, height: 0 };
  const name = `A ${format} frame of ${String(width)}x${String(height)} pixels`;
  if (width < 1 || height < 1)
    throw malformedFrame(`${name} has no pixels: width and height must be at least 1.`);
  // Two adjacent pixels of a row share their chroma.
  if (format === 'yuy2' && width % 2 === 1)
    throw malformedFrame(`${name} has an odd width; it must be even.`);
  const needed = width * height * pixelBytes;
  if (bytes.length === needed) return;
  throw malformedFrame(`${name} needs exactly ${String(needed)} bytes, but has ${String(bytes.length)}.`);
}

/**
 * Checks a frame as it was received, however it came.
 * @param maxBytes maximum bytes of the image, without the header
 * @throws AppError PICTURE_TOO_LARGE (too_large), FRAME_MALFORMED (invalid)
 */
export function acceptFrame(frame: ServoFrame, maxBytes: number): ServoFrame {
  const bytes = frame.bytes.length;
  if (bytes > maxBytes) {
    const message = `The image has ${String(bytes)} bytes; at most ${String(maxBytes)} are allowed.`;
    throw new AppError('PICTURE_TOO_LARGE', { message, details: { bytes, maxBytes } });
  }
  requireImage(frame);
  return frame;
}
