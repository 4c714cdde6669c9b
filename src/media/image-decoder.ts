import type { ImageShape } from '../domain/preprocessing.js';
import { AppError } from '../errors/app-error.js';
import type { Size } from '../vision/image/image.js';
import type { decodeAnyImage } from './decode-any-image.js';
import { shapeFor, type DecodedImage, type ImageLimits, type ShapeChoice } from './decoded-image.js';
import { fillFrame, placeImage } from './image-placement.js';
import { refusal, unsupported } from './image-refusals.js';
import { imageSizeFault } from './image-size.js';
import { type ImageFormat } from '../domain/image-format.js';
import { describeForeign, isImageFormat, imageTypeOf } from './image-type.js';
import { JpegDecoder } from './jpeg/jpeg-decoder.js';
import { readJpegHeader, type JpegHeader } from './jpeg/jpeg-header.js';
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

/**
 * The brightness of a user's image in the wanted size. A usual JPEG gives the luma that it stores, without its colours;
 * of any other image it is computed, as by {@link decodeImage}.
 * @throws AppError as {@link decodeImage}, and what `sizeOf` throws
 */
export async function decodeBrightness(
  bytes: Uint8Array,
  sizeOf: (source: Size) => Size,
  limits: ImageLimits,
): Promise<DecodedImage> {
  const header = imageFormat(bytes, limits) === 'jpeg' ? usualHeader(bytes, limits) : null;
  if (header) {
    const { width, height } = header;
    jpegDecoder ??= new JpegDecoder();
    const pixels = jpegDecoder.decodeLuma(bytes, header, sizeOf({ width, height }));
    if (pixels) return { pixels, width, height, format: 'jpeg', warnings: [] };
  }
  const shapeOf = (image: Size): ImageShape => ({
    ...sizeOf(image),
    channels: 1,
    resize: { rule: 'stretch' },
    interpolation: 'bilinear',
    background: [255, 255, 255],
  });
  return decodeImage(bytes, shapeOf, limits);
}

let jpegDecoder: JpegDecoder | undefined;

/** Null for files that our own decoder does not support, and for sizes that are refused. */
function usualHeader(bytes: Uint8Array, limits: ImageLimits): JpegHeader | null {
  if (limits.jpegDecoder === 'sharp') return null;
  const header = readJpegHeader(bytes);
  return header && imageSizeFault(header, limits) === null ? header : null;
}

/**
 * Like {@link decodeAnyImage}, in a third of the time. Null for files that our own decoder does not support or finds
 * damaged.
 */
function decodeUsualJpeg(bytes: Uint8Array, choice: ShapeChoice, limits: ImageLimits): DecodedImage | null {
  const header = usualHeader(bytes, limits);
  if (!header) return null;
  const { width, height } = header;
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
