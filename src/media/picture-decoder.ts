import type { KernelEnum, Sharp } from 'sharp';
import type { Interpolation, PictureShape } from '../domain/preprocessing.js';
import { AppError, messageOf } from '../errors/app-error.js';
import type { CodeOfKind } from '../errors/codes.js';
import { JpegDecoder } from './jpeg/jpeg-decoder.js';
import { readJpegHeader } from './jpeg/jpeg-header.js';
import { toLuma } from './luma.js';
import { openPicture, PictureUnreadable } from './open-picture.js';
import { fillFrame, placePicture, type PicturePlacement } from './picture-placement.js';
import { pictureSizeFault, type PictureSizeLimits } from './picture-size.js';
import {
  describeForeign,
  isPictureFormat,
  PICTURE_FORMATS,
  pictureTypeOf,
  type PictureFormat,
} from './picture-type.js';
import { resample } from './resampler.js';
import type { Size } from '../vision/image/image.js';

/** Limits that a picture from a user has to keep. */
export interface PictureLimits extends PictureSizeLimits {
  readonly maxBytes: number;
  /** Seconds of decoding after which it is given up; whole numbers. */
  readonly timeoutSeconds: number;
}

/** A picture brought into shape. */
export interface DecodedPicture {
  /** `shape.width * shape.height * shape.channels` bytes, row by row. */
  readonly pixels: Uint8Array;
  /** As it came, after its EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly format: PictureFormat;
  /** How the picture was read where that may be unexpected, one sentence each. */
  readonly warnings: readonly string[];
}

const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Interpolation, keyof KernelEnum>;

/** Pixels that our resampler takes, since it blocks; of more, as of 100 x 30 000, sharp shrinks the long side first. */
const MOST_RESAMPLED = 2 ** 20;

/**
 * Decodes a user's picture straight into the size that a network wants: the EXIF orientation is applied, transparency gets the background, and grey, CMYK and 16-bit pictures become
 * 8-bit sRGB; for one channel, its luma is taken at last.
 *
 * @throws AppError `PICTURE_EMPTY`, `PICTURE_CORRUPT`, `PICTURE_TOO_COMPLEX` (invalid), `PICTURE_TYPE` (unsupported_type), `PICTURE_TOO_LARGE`
 * (too_large)
 */
export async function decodePicture(
  bytes: Uint8Array,
  shape: PictureShape,
  limits: PictureLimits,
): Promise<DecodedPicture> {
  const format = pictureFormat(bytes, limits);
  const quick = format === 'jpeg' ? decodeUsualJpeg(bytes, shape, limits) : null;
  const { pixels, ...picture } = quick ?? (await decodeAnyPicture(bytes, shape, { ...limits, format }));
  const framed = fillFrame(pixels, placePicture(picture, shape), shape);
  return { ...picture, pixels: shape.channels === 1 ? toLuma(framed) : framed };
}

/** The wanted part of the picture, in colour whatever the shape's channels are. */
async function decodeAnyPicture(
  bytes: Uint8Array,
  shape: PictureShape,
  { format, ...limits }: PictureLimits & Pick<DecodedPicture, 'format'>,
): Promise<DecodedPicture> {
  const picture = await openPicture(bytes, format).catch(refusePicture);
  const { width, height } = picture;
  const fault = pictureSizeFault(picture, limits);
  if (fault) throw new AppError('PICTURE_TOO_LARGE', { ...fault });
  const placement = placePicture({ width, height }, shape);
  const small = sizeToEnlarge({ width, height }, placement);
  const [r, g, b] = shape.background;
  const { value: data, warnings } = await picture
    .read((image) => {
      const opaque = image.flatten({ background: { r, g, b } });
      return (small ? resize(opaque, small, shape) : shrink(opaque, placement, shape))
        .toColourspace('srgb')
        .removeAlpha()
        .timeout({ seconds: limits.timeoutSeconds })
        .raw({ depth: 'uchar' })
        .toBuffer();
    })
    .catch(refusePicture);
  const pixels = small ? resample({ ...small, data }, placement, shape.interpolation) : data;
  return { pixels, width, height, format, warnings };
}

/** The size in which a picture that is to be enlarged, on one side at least, gets to our resampler; null for all others. */
function sizeToEnlarge({ width, height }: Size, { whole }: PicturePlacement): Size | null {
  if (whole.width <= width && whole.height <= height) return null;
  if (width * height <= MOST_RESAMPLED) return { width, height };
  return { width: Math.min(width, whole.width), height: Math.min(height, whole.height) };
}

let jpegDecoder: JpegDecoder | undefined;

/** As {@link decodeAnyPicture}, in a third of the time. Null for whatever our own decoder does not take, or finds wrong. */
function decodeUsualJpeg(
  bytes: Uint8Array,
  shape: PictureShape,
  limits: PictureLimits,
): DecodedPicture | null {
  if (shape.interpolation !== 'bilinear') return null;
  const header = readJpegHeader(bytes);
  if (!header) return null;
  const { width, height } = header;
  if (pictureSizeFault(header, limits)) return null;
  jpegDecoder ??= new JpegDecoder();
  const { whole, part } = placePicture(header, shape);
  const place = { ...whole, left: part.left, top: part.top };
  const pixels = jpegDecoder.decode(bytes, header, { shape: part, place });
  return pixels && { pixels, width, height, format: 'jpeg', warnings: [] };
}

/**
 * The picture's format by its first bytes.
 * @throws AppError as {@link decodePicture}
 */
export function pictureFormat(
  bytes: Uint8Array,
  { maxBytes }: Pick<PictureLimits, 'maxBytes'>,
): PictureFormat {
  if (bytes.length === 0) throw refusal('PICTURE_EMPTY', 'The picture is empty (0 bytes).');
  if (bytes.length > maxBytes) {
    throw new AppError('PICTURE_TOO_LARGE', {
      message: `The picture has ${String(bytes.length)} bytes; at most ${String(maxBytes)} are allowed.`,
    });
  }
  const type = pictureTypeOf(bytes);
  if (isPictureFormat(type)) return type;
  const foreign = describeForeign(bytes);
  if (foreign !== null) throw unsupported(foreign);
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  throw unsupported(/^[\x20-\x7e\s]+$/.test(head) ? 'text' : 'data of another type');
}

function shrink(image: Sharp, { whole, part }: PicturePlacement, shape: PictureShape): Sharp {
  const sized = resize(image, whole, shape);
  return part.width < whole.width || part.height < whole.height ? sized.extract(part) : sized;
}

const resize = (image: Sharp, { width, height }: Size, { interpolation }: PictureShape): Sharp =>
  image.resize(width, height, {
    fit: 'fill',
    kernel: KERNELS[interpolation],
    // Otherwise libjpeg and libwebp do nearly all of the shrinking, and worse: a JPEG would look unlike the same PNG.
    fastShrinkOnLoad: false,
  });

const refusal = (code: CodeOfKind<'invalid'>, message: string, cause?: unknown): AppError =>
  new AppError(code, { message, cause });

const unsupported = (what: string): AppError =>
  new AppError('PICTURE_TYPE', {
    message: `The input holds ${what}; allowed by content: ${PICTURE_FORMATS.join(', ')}.`,
  });

/** @throws AppError for what is wrong with a picture; other errors as they are */
export function refusePicture(error: unknown): never {
  if (!(error instanceof PictureUnreadable)) throw error;
  const { fault, detail } = error.reason;
  if (fault === 'unsupported') throw unsupported(detail);
  if (fault === 'laborious') throw refusal('PICTURE_TOO_COMPLEX', `The picture is ${detail}.`, error);
  if (/timeout/i.test(messageOf(error.cause)))
    throw refusal('PICTURE_TOO_SLOW', 'The picture took too long to decode.', error);
  throw refusal(
    'PICTURE_CORRUPT',
    `The picture is damaged or cut off${detail === '' ? '.' : `: ${detail}`}`,
    error,
  );
}
