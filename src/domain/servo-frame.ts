import { AppError } from '../errors/app-error.js';
import type { FrameFormat, ServoFrame } from './servo.js';

/** Bytes of a pixel; null for formats that say their size themselves. */
const PIXEL_BYTES = {
  jpeg: null,
  png: null,
  webp: null,
  gray8: 1,
  rgb24: 3,
  yuy2: 2,
} as const satisfies Record<FrameFormat, number | null>;

/** Whether frames of a format are pixels alone, whose width and height come with them. */
export const isRaw = (format: FrameFormat): boolean => PIXEL_BYTES[format] !== null;

/** The error of a frame that is not in the documented form. */
export const malformedFrame = (message: string): AppError => new AppError('FRAME_MALFORMED', { message });

/**
 * Checks that raw pixels are as many as their size needs, and that there is an image at all.
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
  // Two pixels of a row share their colours.
  if (format === 'yuy2' && width % 2 === 1)
    throw malformedFrame(`${name} has an odd width; it must be even.`);
  const needed = width * height * pixelBytes;
  if (bytes.length === needed) return;
  throw malformedFrame(`${name} needs exactly ${String(needed)} bytes, but has ${String(bytes.length)}.`);
}
