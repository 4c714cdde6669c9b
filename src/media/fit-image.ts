import type { ImageShape } from '../domain/preprocessing.js';
import { fillFrame, placeImage, type ImagePlacement } from './image-placement.js';
import { resample } from './resampler.js';
import type { Image } from '../vision/image/image.js';

/** Pixels in the size of a network's input, and where the image lies in it. */
export interface FittedImage {
  /** Three bytes a pixel. */
  readonly pixels: Uint8Array;
  readonly placement: ImagePlacement;
}

/**
 * Brings a decoded image to the size of a network's input by the network's rule and interpolation.
 * @param image three bytes a pixel
 */
export function fitImage(image: Image, shape: ImageShape): FittedImage {
  const placement = placeImage(image, shape);
  const pixels = resample(image, placement, shape.interpolation);
  return { pixels: fillFrame(pixels, placement, shape), placement };
}
