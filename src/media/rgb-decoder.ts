import { AppError } from '../errors/app-error.js';
import type { Image } from '../vision/image/image.js';
import { sizeWithin } from '../vision/image/resample.js';
import { openPicture } from './open-picture.js';
import { pictureFormat, refusePicture, type DecodedPicture, type PictureLimits } from './picture-decoder.js';
import { pictureSizeFault } from './picture-size.js';

/** A whole image in colour, with the facts of the file that it came from. */
export interface DecodedRgb {
  readonly image: Image;
  readonly picture: Omit<DecodedPicture, 'pixels'>;
}

/**
 * Decodes a user's image as a whole, by the rules of `decodePicture`: upright, on white, three bytes a pixel.
 * @param longSide larger images are shrunk to this many pixels on their longer side
 * @throws AppError as `decodePicture`
 */
export async function decodeRgb(
  bytes: Uint8Array,
  longSide: number,
  limits: PictureLimits,
): Promise<DecodedRgb> {
  const format = pictureFormat(bytes, limits);
  const opened = await openPicture(bytes, format).catch(refusePicture);
  const { width, height } = opened;
  const fault = pictureSizeFault(opened, limits);
  if (fault) throw new AppError('PICTURE_TOO_LARGE', { ...fault });
  const size = sizeWithin({ width, height }, longSide);
  const { value: data, warnings } = await opened
    .read((image) => {
      const opaque = image.flatten({ background: '#ffffff' });
      const sized = size.width === width ? opaque : opaque.resize({ ...size, fit: 'fill' });
      return sized
        .toColourspace('srgb')
        .removeAlpha()
        .timeout({ seconds: limits.timeoutSeconds })
        .raw({ depth: 'uchar' })
        .toBuffer();
    })
    .catch(refusePicture);
  return { image: { ...size, data }, picture: { width, height, format, warnings } };
}
