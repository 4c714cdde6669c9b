import sharp, { type KernelEnum, type Sharp } from 'sharp';
import type { Interpolation, PictureShape } from '../domain/preprocessing.js';
import { AppError, messageOf } from '../errors/app-error.js';
import { JpegDecoder, type Placement } from './jpeg/jpeg-decoder.js';
import { readJpegHeader } from './jpeg/jpeg-header.js';
import { toLuma } from './luma.js';
// Sets up sharp for strangers' files: no cache, one thread, only the loaders that are named.
import './image-codec.js';

sharp.unblock({ operation: ['VipsForeignLoadWebp'] });

/** Limits that a picture from a user has to keep. */
export interface PictureLimits {
  readonly maxBytes: number;
  /** Width times height. */
  readonly maxPixels: number;
  readonly maxSide: number;
  /** Seconds of decoding after which it is given up; whole numbers. */
  readonly timeoutSeconds: number;
}

/** A picture brought into shape. */
export interface DecodedPicture {
  /** `shape.width * shape.height * shape.channels` bytes, row by row. */
  readonly pixels: Uint8Array;
  /** As it came, after its EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly format: PictureFormat;
}

/** Picture formats that are read, by content. */
export const PICTURE_FORMATS = ['jpeg', 'png', 'webp'] as const;
/** See {@link PICTURE_FORMATS}. */
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Interpolation, keyof KernelEnum>;

/**
 * Decodes a picture from a stranger straight into the size that a network wants: JPEGs are shrunk while they are
 * loaded, the EXIF orientation is applied, transparency gets the background, and grey, CMYK and 16-bit pictures become
 * 8-bit sRGB; for one channel, its luma is taken at last.
 *
 * @throws AppError `PICTURE_EMPTY`, `PICTURE_CORRUPT` (invalid), `PICTURE_TYPE` (unsupported_type), `PICTURE_TOO_LARGE`
 * (too_large)
 */
export async function decodePicture(
  bytes: Uint8Array,
  shape: PictureShape,
  limits: PictureLimits,
): Promise<DecodedPicture> {
  const format = pictureFormat(bytes, limits);
  const quick = format === 'jpeg' ? decodeUsualJpeg(bytes, shape, limits) : null;
  const { pixels, ...picture } = quick ?? (await decodeAnyPicture(bytes, shape, { ...limits, format }));
  return { ...picture, pixels: shape.channels === 1 ? toLuma(pixels) : pixels };
}

/** In colour, whatever the shape's channels are. */
async function decodeAnyPicture(
  bytes: Uint8Array,
  shape: PictureShape,
  { format, ...limits }: PictureLimits & Pick<DecodedPicture, 'format'>,
): Promise<DecodedPicture> {
  const image = sharp(bytes, {
    failOn: 'error',
    limitInputPixels: false,
    sequentialRead: true,
    autoOrient: true,
  });
  const { autoOrient, pages } = await image.metadata().catch(corrupt);
  const { width, height } = autoOrient;
  const tooLarge = width * height > limits.maxPixels || Math.max(width, height) > limits.maxSide;
  if (tooLarge) throw pictureTooLarge(width, height, limits);
  if (pages !== undefined && pages > 1) throw unsupported('an animation');
  const { data } = await bringIntoShape(image, { width, height }, shape)
    .timeout({ seconds: limits.timeoutSeconds })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(corrupt);
  return { pixels: data, width, height, format };
}

let jpegDecoder: JpegDecoder | undefined;

/** As {@link decodeAnyPicture}, in a third of the time. Null for whatever our own decoder does not take, or finds wrong. */
function decodeUsualJpeg(
  bytes: Uint8Array,
  shape: PictureShape,
  { maxPixels, maxSide }: PictureLimits,
): DecodedPicture | null {
  if (shape.interpolation !== 'bilinear') return null;
  const header = readJpegHeader(bytes);
  if (!header) return null;
  const { width, height } = header;
  const place = placementOf({ width, height }, shape);
  if (!place || width * height > maxPixels || Math.max(width, height) > maxSide) return null;
  jpegDecoder ??= new JpegDecoder();
  const pixels = jpegDecoder.decode(bytes, header, { shape, place });
  return pixels && { pixels, width, height, format: 'jpeg' };
}

/** Null for rules that need more than a cut. */
function placementOf(from: { width: number; height: number }, shape: PictureShape): Placement | null {
  const { width, height, resize } = shape;
  if (resize.rule === 'letterbox') return null;
  if (resize.rule === 'stretch') return { width, height, left: 0, top: 0 };
  const size = coveringSize(from, resize.shortSide);
  return { ...size, ...middleOf(size, shape) };
}

/**
 * The picture's format by its first bytes.
 * @throws AppError as {@link decodePicture}
 */
export function pictureFormat(
  bytes: Uint8Array,
  { maxBytes }: Pick<PictureLimits, 'maxBytes'>,
): PictureFormat {
  if (bytes.length === 0) throw refusal('PICTURE_EMPTY', 'The picture is empty (0 bytes).');
  if (bytes.length > maxBytes) {
    throw new AppError({
      code: 'PICTURE_TOO_LARGE',
      kind: 'too_large',
      message: `The picture has ${String(bytes.length)} bytes; at most ${String(maxBytes)} are allowed.`,
    });
  }
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'webp';
  throw unsupported(/^[\x20-\x7e\s]+$/.test(head) ? 'text' : 'data of another type');
}

function bringIntoShape(image: Sharp, from: { width: number; height: number }, shape: PictureShape): Sharp {
  const { width, height, resize, interpolation } = shape;
  const [r, g, b] = shape.background;
  const kernel = KERNELS[interpolation];
  const opaque = image.flatten({ background: { r, g, b } });
  return sizeBy(opaque, from, { width, height, resize, kernel }).toColourspace('srgb').removeAlpha();
}

interface Target extends Pick<PictureShape, 'width' | 'height' | 'resize'> {
  readonly kernel: keyof KernelEnum;
}

function sizeBy(image: Sharp, from: { width: number; height: number }, target: Target): Sharp {
  const { width, height, resize, kernel } = target;
  switch (resize.rule) {
    case 'stretch':
      return image.resize(width, height, { fit: 'fill', kernel });
    case 'letterbox': {
      const [r, g, b] = resize.fill;
      return image.resize(width, height, { fit: 'contain', kernel, background: { r, g, b } });
    }
    case 'crop': {
      const size = coveringSize(from, resize.shortSide);
      return image
        .resize(size.width, size.height, { fit: 'fill', kernel })
        .extract({ ...middleOf(size, target), width, height });
    }
  }
}

/** Size of a picture whose short side has become `shortSide`; the long side is cut to whole pixels, as torchvision does. */
function coveringSize(
  { width, height }: { width: number; height: number },
  shortSide: number,
): { width: number; height: number } {
  return width <= height
    ? { width: shortSide, height: Math.max(shortSide, Math.floor((shortSide * height) / width)) }
    : { width: Math.max(shortSide, Math.floor((shortSide * width) / height)), height: shortSide };
}

/** Where the middle of a picture begins; halves go to the even pixel, as torchvision's CenterCrop has it by Python's `round`. */
function middleOf(
  size: { width: number; height: number },
  { width, height }: { readonly width: number; readonly height: number },
): { left: number; top: number } {
  return { left: halfToEven(size.width - width), top: halfToEven(size.height - height) };
}

/** Half of a whole number; what lies between two whole numbers becomes the even one. */
function halfToEven(whole: number): number {
  const half = Math.floor(whole / 2);
  return whole % 2 === 0 ? half : half + (half % 2);
}

const refusal = (code: string, message: string, cause?: unknown): AppError =>
  new AppError({ code, kind: 'invalid', message, cause });

const unsupported = (what: string): AppError =>
  new AppError({
    code: 'PICTURE_TYPE',
    kind: 'unsupported_type',
    message: `The input holds ${what}; pictures are ${PICTURE_FORMATS.join(', ')}, told by content.`,
  });

const pictureTooLarge = (width: number, height: number, { maxPixels, maxSide }: PictureLimits): AppError =>
  new AppError({
    code: 'PICTURE_TOO_LARGE',
    kind: 'too_large',
    message: `The picture has ${String(width)}x${String(height)} pixels; at most ${String(maxPixels)} pixels and ${String(maxSide)} on a side are allowed.`,
    details: { width, height, maxPixels, maxSide },
  });

function corrupt(cause: unknown): never {
  if (/timeout/i.test(messageOf(cause))) {
    throw refusal('PICTURE_TOO_SLOW', 'The picture took too long to decode.', cause);
  }
  throw refusal('PICTURE_CORRUPT', 'The picture is damaged or cut off.', cause);
}
