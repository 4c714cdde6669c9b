import type { ImageShape, JpegDecoderName } from '../domain/preprocessing.js';
import type { Size } from '../vision/image/image.js';
import type { ImageSizeLimits } from './image-size.js';
import type { ImageFormat } from '../domain/image-format.js';

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

/** The output shape: fixed, or computed from the size of the image; the function may throw to reject a size. */
export type ShapeChoice = ImageShape | ((image: Size) => ImageShape);

/** The shape that was chosen for an image of this size. */
export const shapeFor = (choice: ShapeChoice, { width, height }: Size): ImageShape =>
  typeof choice === 'function' ? choice({ width, height }) : choice;
