import { AppError } from '../errors/app-error.js';
import type { decodeAnyImage } from './decode-any-image.js';
import { shapeFor, type DecodedImage, type ImageLimits, type ShapeChoice } from './decoded-image.js';
import { fillFrame, placeImage } from './image-placement.js';
import { refusal, unsupported } from './image-refusals.js';
import { imageSizeFault } from './image-size.js';
import { describeForeign, isImageFormat, imageTypeOf, type ImageFormat } from './image-type.js';
import { JpegDecoder } from './jpeg/jpeg-decoder.js';
import { readJpegHeader } from './jpeg/jpeg-header.js';
import { toLuma } from './luma.js';

export type { DecodedImage, ImageLimits } from './decoded-image.js';

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
  const { pixels, ...image } = quick ?? (await decodeOther(bytes, choice, { ...limits, format }));
  const shape = shapeFor(choice, image);
  const framed = fillFrame(pixels, placeImage(image, shape), shape);
  return { ...image, pixels: shape.channels === 1 ? toLuma(framed) : framed };
}

/** Loads sharp with the first image that needs it: loading it takes longer than decoding an image. */
const decodeOther: typeof decodeAnyImage = async (...image) =>
  (await import('./decode-any-image.js')).decodeAnyImage(...image);

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
