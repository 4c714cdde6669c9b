import type { ImageShape } from '../domain/preprocessing.js';
import { fillFrame, placeImage, type ImagePlacement } from './image-placement.js';
import { resample } from './resampler.js';
import type { Image } from '../vision/image/image.js';

/** Pixels in the size of a network's input, and the position of the image in it. */
export interface FittedImage {
  /** Three bytes per pixel. */
  readonly pixels: Uint8Array;
  readonly placement: ImagePlacement;
}

/**
 * Resizes a decoded image to a network's input size, with the network's resize rule and interpolation.
 * @param image three bytes per pixel
 */
export function fitImage(image: Image, shape: ImageShape): FittedImage {
  const placement = placeImage(image, shape);
  const pixels = resample(image, placement, shape.interpolation);
  return { pixels: fillFrame(pixels, placement, shape), placement };
}
