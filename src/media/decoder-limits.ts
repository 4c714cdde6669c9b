import { AppError } from '../errors/app-error.js';
import type { Size } from '../vision/image/image.js';

/** Shortest side of a video: encoders and feature detectors work on blocks of this size. */
const MIN_VIDEO_SIDE = 16;
/** Longest side of a video: H.264, HEVC and VP8 encode no longer one. */
const MAX_VIDEO_SIDE = 16_384;

/** A frame of this size decodes in a few tens of megabytes, whatever the container says about the size. */
const ALWAYS_ALLOWED = 4 * 1024 * 1024;
/** Beyond this size a change of resolution gets no more room: HEVC takes 1.2 GB for twice as much. */
const LARGEST_CHANGE = 32 * 1024 * 1024;
/** FFmpeg counts rows rounded up to 64 pixels: up to 63 more for each of {@link MAX_VIDEO_SIDE} rows. */
const ALIGNMENT = 64 * MAX_VIDEO_SIDE;

/**
 * Value of FFmpeg's `-max_pixels` for a video of `pixels` pixels. Uploads and jobs use it alike, so that what was accepted
 * can be decoded again. It leaves room for the rows that FFmpeg rounds up and for a change of resolution.
 */
export function decoderPixelLimit(pixels: number): number {
  return Math.max(pixels + ALIGNMENT, Math.min(4 * pixels, LARGEST_CHANGE), ALWAYS_ALLOWED);
}

/**
 * Checks the size of a video's frames.
 * @throws AppError `VIDEO_TOO_LARGE` (too_large), `VIDEO_TOO_SMALL` (invalid)
 */
export function checkVideoSize({ width, height }: Size, maxPixels: number): void {
  const size = `${width}x${height} pixels`;
  if (width * height > maxPixels)
    throw tooLarge(`The video has ${size}; at most ${maxPixels} pixels are allowed.`, {
      ...{ width, height, maxPixels },
    });
  if (Math.max(width, height) > MAX_VIDEO_SIDE)
    throw tooLarge(`The video has ${size}; a side may have at most ${MAX_VIDEO_SIDE}.`, {
      ...{ width, height, maxSide: MAX_VIDEO_SIDE },
    });
  if (Math.min(width, height) >= MIN_VIDEO_SIDE) return;
  throw new AppError('VIDEO_TOO_SMALL', {
    message: `The video has ${size}; a side must have at least ${MIN_VIDEO_SIDE}.`,
    details: { width, height, minSide: MIN_VIDEO_SIDE },
  });
}

/** A `VIDEO_TOO_LARGE` error. */
export function tooLarge(message: string, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError('VIDEO_TOO_LARGE', { message, details });
}
