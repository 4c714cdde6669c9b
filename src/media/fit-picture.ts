import type { PictureShape } from '../domain/preprocessing.js';
import { fillFrame, placePicture, type PicturePlacement } from './picture-placement.js';
import { resample } from './resampler.js';
import type { Image } from '../vision/image/image.js';

/** Pixels in the size of a network's input, and where the picture lies in it. */
export interface FittedPicture {
  /** Three bytes a pixel. */
  readonly pixels: Uint8Array;
  readonly placement: PicturePlacement;
}

/**
 * Brings a decoded picture to the size of a network's input by the network's rule and interpolation.
 * @param picture three bytes a pixel
 */
export function fitPicture(picture: Image, shape: PictureShape): FittedPicture {
  const placement = placePicture(picture, shape);
  const pixels = resample(picture, placement, shape.interpolation);
  return { pixels: fillFrame(pixels, placement, shape), placement };
}
