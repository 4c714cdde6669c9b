import { AppError } from '../errors/app-error.js';
import type { Size } from '../vision/image/image.js';

/** Minimum side of a video: encoders and feature detectors work on blocks of this size. */
const MIN_VIDEO_SIDE = 16;
/** Maximum side of a video: H.264, HEVC and VP8 do not support longer sides. */
const MAX_VIDEO_SIDE = 16_384;

/**
 * Frames up to this many pixels decode in a few tens of megabytes, so they are allowed whatever size the
 * container declares.
 */
const ALWAYS_ALLOWED = 4 * 1024 * 1024;
/**
 * Above this many pixels, no margin is allowed for a change of resolution: HEVC needs 1.2 GB for twice as
 * many.
 */
const MAX_CHANGE = 32 * 1024 * 1024;
/** FFmpeg rounds rows up to 64 pixels: up to 63 more pixels in each of {@link MAX_VIDEO_SIDE} rows. */
const ALIGNMENT = 64 * MAX_VIDEO_SIDE;

/**
 * Value of FFmpeg's `-max_pixels` for a video of `pixels` pixels, with a margin for rounded rows and a change
 * of resolution. Uploads and jobs use the same value, so that an accepted video can be decoded again.
 */
export function decoderPixelLimit(pixels: number): number {
  return Math.max(pixels + ALIGNMENT, Math.min(4 * pixels, MAX_CHANGE), ALWAYS_ALLOWED);
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
