import type { KernelEnum, Sharp } from 'sharp';
import type { Interpolation, ImageShape, JpegDecoderName } from '../domain/preprocessing.js';
import { AppError, messageOf } from '../errors/app-error.js';
import type { CodeOfKind } from '../errors/codes.js';
import { JpegDecoder } from './jpeg/jpeg-decoder.js';
import { readJpegHeader } from './jpeg/jpeg-header.js';
import { toLuma } from './luma.js';
import { openImage, ImageUnreadable } from './open-image.js';
import { fillFrame, placeImage, type ImagePlacement } from './image-placement.js';
import { imageSizeFault, type ImageSizeLimits } from './image-size.js';
import {
  describeForeign,
  isImageFormat,
  IMAGE_FORMATS,
  imageTypeOf,
  type ImageFormat,
} from './image-type.js';
import { resample } from './resampler.js';
import type { Size } from '../vision/image/image.js';

/** Limits on images from users. */
export interface ImageLimits extends ImageSizeLimits {
  readonly maxBytes: number;
  /** Maximum decoding time in whole seconds. */
  readonly timeoutSeconds: number;
  /** JPEG decoder; our own by default. */
  readonly jpegDecoder?: JpegDecoderName;
}

/** A decoded and resized image. */
export interface DecodedImage {
  /** `shape.width * shape.height * shape.channels` bytes, row by row. */
  readonly pixels: Uint8Array;
  /** Original size, after the EXIF orientation was applied. */
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** Warnings about how the image was read, one sentence each. */
  readonly warnings: readonly string[];
}

const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Interpolation, keyof KernelEnum>;

/** The output shape: fixed, or computed from the size of the image; the function may throw to reject a size. */
export type ShapeChoice = ImageShape | ((image: Size) => ImageShape);

const shapeFor = (choice: ShapeChoice, { width, height }: Size): ImageShape =>
  typeof choice === 'function' ? choice({ width, height }) : choice;

/**
 * Maximum number of pixels for our resampler, which blocks the event loop. Of larger images, such as 100 x 30000, sharp
 * shrinks the long side first.
 */
const MAX_RESAMPLED = 2 ** 20;

/**
 * Decodes a user's image directly to the input size of a network: applies the EXIF orientation, replaces
 * transparency by the background, and converts grey, CMYK and 16-bit images to 8-bit sRGB. For one channel,
 * the luma is computed at the end.
 * @throws AppError `PICTURE_EMPTY`, `PICTURE_CORRUPT`, `PICTURE_TOO_COMPLEX` (invalid), `PICTURE_TYPE`
 *   (unsupported_type), `PICTURE_TOO_LARGE` (too_large)
 */
export async function decodeImage(
  bytes: Uint8Array,
  choice: ShapeChoice,
  limits: ImageLimits,
): Promise<DecodedImage> {
  const format = imageFormat(bytes, limits);
  const quick = format === 'jpeg' ? decodeUsualJpeg(bytes, choice, limits) : null;
  const { pixels, ...image } = quick ?? (await decodeAnyImage(bytes, choice, { ...limits, format }));
  const shape = shapeFor(choice, image);
  const framed = fillFrame(pixels, placeImage(image, shape), shape);
  return { ...image, pixels: shape.channels === 1 ? toLuma(framed) : framed };
}

/** The requested part of the image, in colour whatever the channels of the shape. */
async function decodeAnyImage(
  bytes: Uint8Array,
  choice: ShapeChoice,
  { format, ...limits }: ImageLimits & Pick<DecodedImage, 'format'>,
): Promise<DecodedImage> {
  const image = await openImage(bytes, format).catch(refuseImage);
  const { width, height } = image;
  const fault = imageSizeFault(image, limits);
  if (fault) throw new AppError('PICTURE_TOO_LARGE', { ...fault });
  const shape = shapeFor(choice, { width, height });
  const placement = placeImage({ width, height }, shape);
  const small = sizeToEnlarge({ width, height }, placement);
  const [r, g, b] = shape.background;
  const { value: data, warnings } = await image
    .read((pipeline) => {
      const opaque = pipeline.flatten({ background: { r, g, b } });
      return (small ? resize(opaque, small, shape) : shrink(opaque, placement, shape))
        .toColourspace('srgb')
        .removeAlpha()
        .timeout({ seconds: limits.timeoutSeconds })
        .raw({ depth: 'uchar' })
        .toBuffer();
    })
    .catch(refuseImage);
  const pixels = small ? resample({ ...small, data }, placement, shape.interpolation) : data;
  return { pixels, width, height, format, warnings };
}

/**
 * The size at which an image that is enlarged on at least one side is passed to our resampler; null for all
 * others.
 */
function sizeToEnlarge({ width, height }: Size, { whole }: ImagePlacement): Size | null {
  if (whole.width <= width && whole.height <= height) return null;
  if (width * height <= MAX_RESAMPLED) return { width, height };
  return { width: Math.min(width, whole.width), height: Math.min(height, whole.height) };
}

let jpegDecoder: JpegDecoder | undefined;

/**
 * Like {@link decodeAnyImage}, in a third of the time. Null for files that our own decoder does not support or finds
 * damaged.
 */
function decodeUsualJpeg(bytes: Uint8Array, choice: ShapeChoice, limits: ImageLimits): DecodedImage | null {
  if (limits.jpegDecoder === 'sharp') return null;
  const header = readJpegHeader(bytes);
  if (!header) return null;
  const { width, height } = header;
  if (imageSizeFault(header, limits)) return null;
  const shape = shapeFor(choice, header);
  if (shape.interpolation !== 'bilinear') return null;
  jpegDecoder ??= new JpegDecoder();
  const { whole, part } = placeImage(header, shape);
  const place = { ...whole, left: part.left, top: part.top };
  const pixels = jpegDecoder.decode(bytes, header, { shape: part, place });
  return pixels && { pixels, width, height, format: 'jpeg', warnings: [] };
}

/**
 * The image's format by its first bytes.
 * @throws AppError as {@link decodeImage} does
 */
export function imageFormat(bytes: Uint8Array, { maxBytes }: Pick<ImageLimits, 'maxBytes'>): ImageFormat {
  if (bytes.length === 0) throw refusal('PICTURE_EMPTY', 'The image is empty (0 bytes).');
  if (bytes.length > maxBytes) {
    throw new AppError('PICTURE_TOO_LARGE', {
      message: `The image has ${String(bytes.length)} bytes; at most ${String(maxBytes)} are allowed.`,
    });
  }
  const type = imageTypeOf(bytes);
  if (isImageFormat(type)) return type;
  const foreign = describeForeign(bytes);
  if (foreign !== null) throw unsupported(foreign);
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  throw unsupported(/^[\x20-\x7e\s]+$/.test(head) ? 'text' : 'data of another type');
}

function shrink(image: Sharp, { whole, part }: ImagePlacement, shape: ImageShape): Sharp {
  const sized = resize(image, whole, shape);
  return part.width < whole.width || part.height < whole.height ? sized.extract(part) : sized;
}

const resize = (image: Sharp, { width, height }: Size, { interpolation }: ImageShape): Sharp =>
  image.resize(width, height, {
    fit: 'fill',
    kernel: KERNELS[interpolation],
    // Otherwise libjpeg and libwebp would do most of the shrinking with lower quality, and a JPEG would
    // differ from the same PNG.
    fastShrinkOnLoad: false,
  });

const refusal = (code: CodeOfKind<'invalid'>, message: string, cause?: unknown): AppError =>
  new AppError(code, { message, cause });

const unsupported = (what: string): AppError =>
  new AppError('PICTURE_TYPE', {
    message: `The input contains ${what}; supported formats: ${IMAGE_FORMATS.join(', ')}.`,
  });

/** @throws AppError for a faulty image; rethrows other errors */
export function refuseImage(error: unknown): never {
  if (!(error instanceof ImageUnreadable)) throw error;
  const { fault, detail } = error.reason;
  if (fault === 'unsupported') throw unsupported(detail);
  if (fault === 'laborious') throw refusal('PICTURE_TOO_COMPLEX', `The image is ${detail}.`, error);
  if (/timeout/i.test(messageOf(error.cause)))
    throw refusal('PICTURE_TOO_SLOW', 'The image exceeded the time limit for decoding.', error);
  throw refusal(
    'PICTURE_CORRUPT',
    `The image is damaged or cut off${detail === '' ? '.' : `: ${detail}`}`,
    error,
  );
}
