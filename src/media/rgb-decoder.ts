import { AppError } from '../errors/app-error.js';
import type { Image } from '../vision/image/image.js';
import { sizeWithin } from '../vision/image/resample.js';
import { openImage } from './open-image.js';
import { refuseImage } from './decode-any-image.js';
import { imageFormat, type DecodedImage, type ImageLimits } from './image-decoder.js';
import { imageSizeFault } from './image-size.js';

/** A complete colour image and facts about its file. */
export interface DecodedRgb {
  readonly image: Image;
  readonly source: Omit<DecodedImage, 'pixels'>;
}

/**
 * Decodes a user's image completely, with the rules of `decodeImage`: upright, on white, three bytes per
 * pixel.
 * @param longSide larger images are reduced to this many pixels on the longer side
 * @throws AppError as `decodeImage` does
 */
export async function decodeRgb(
  bytes: Uint8Array,
  longSide: number,
  limits: ImageLimits,
): Promise<DecodedRgb> {
  const format = imageFormat(bytes, limits);
  const opened = await openImage(bytes, format).catch(refuseImage);
  const { width, height } = opened;
  const fault = imageSizeFault(opened, limits);
  if (fault) throw new AppError('PICTURE_TOO_LARGE', { ...fault });
  const size = sizeWithin({ width, height }, longSide);
  const { value: data, warnings } = await opened
    .read((pipeline) => {
      const opaque = pipeline.flatten({ background: '#ffffff' });
      const sized = size.width === width ? opaque : opaque.resize({ ...size, fit: 'fill' });
      return sized
        .toColourspace('srgb')
        .removeAlpha()
        .timeout({ seconds: limits.timeoutSeconds })
        .raw({ depth: 'uchar' })
        .toBuffer();
    })
    .catch(refuseImage);
  return { image: { ...size, data }, source: { width, height, format, warnings } };
}
