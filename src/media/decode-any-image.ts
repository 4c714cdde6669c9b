import type { KernelEnum, Sharp } from 'sharp';
import type { ImageShape, Interpolation } from '../domain/preprocessing.js';
import { AppError, messageOf } from '../errors/app-error.js';
import type { Size } from '../vision/image/image.js';
import { shapeFor, type DecodedImage, type ImageLimits, type ShapeChoice } from './decoded-image.js';
import { placeImage, type ImagePlacement } from './image-placement.js';
import { refusal, unsupported } from './image-refusals.js';
import { imageSizeFault } from './image-size.js';
import { openImage } from './open-image.js';
import { ImageUnreadable } from './opened-image.js';
import { resample } from './resampler.js';

const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Interpolation, keyof KernelEnum>;

/**
 * Maximum number of pixels for our resampler, which blocks the event loop. Of larger images, such as 100 x 30000, sharp
 * shrinks the long side first.
 */
const MAX_RESAMPLED = 2 ** 20;

/** The requested part of the image, in colour whatever the channels of the shape. @throws AppError for a faulty image */
export async function decodeAnyImage(
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
