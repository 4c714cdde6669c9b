import { requireImage } from '../domain/servo-frame.js';
import type { ServoFrame } from '../domain/servo.js';
import { AppError } from '../errors/app-error.js';
import type { Image, Size } from '../vision/image/image.js';
import { decodeBrightness, type ImageLimits } from './image-decoder.js';
import { imageSizeFault } from './image-size.js';
import { toLuma } from './luma.js';

/** A grey image with memory of its own, which may be handed over to another thread. */
export interface GreyFrame {
  readonly image: Image & { readonly data: Uint8Array<ArrayBuffer> };
  /** The image as it is shown, before it was resized. */
  readonly source: Size;
}

/** How a frame is decoded. */
export interface GreyFrameOptions {
  readonly limits: ImageLimits;
  /** The wanted size of an image; may refuse one by an error, before anything is decoded. */
  sizeOf(source: Size): Size;
}

/** YUY2 of cameras has brightness from 16 to 235 (ITU-R BT.601). */
const [BLACK, WHITE] = [16, 235];
const FULL_RANGE = Uint8ClampedArray.from(
  { length: 256 },
  (_, value) => ((value - BLACK) * 255) / (WHITE - BLACK),
);

/**
 * The brightness of an encoded image of any format that the product reads, upright, on white, at the wanted size.
 * @throws AppError as `decodeBrightness`, and what `sizeOf` throws
 */
export async function decodeGreyImage(
  bytes: Uint8Array,
  { sizeOf, limits }: GreyFrameOptions,
): Promise<GreyFrame> {
  const { pixels, width, height } = await decodeBrightness(bytes, sizeOf, limits);
  const source = { width, height };
  return { image: { ...sizeOf(source), data: own(pixels) }, source };
}

/**
 * The brightness of a live frame. What an encoded frame is, its content says; the format of its message only tells it
 * from raw pixels.
 * @throws AppError FRAME_MALFORMED (invalid), PICTURE_TOO_LARGE (too_large), and as {@link decodeGreyImage}
 */
export async function decodeGreyFrame(
  frame: Pick<ServoFrame, 'format' | 'size' | 'bytes'>,
  options: GreyFrameOptions,
): Promise<GreyFrame> {
  requireImage(frame);
  const { format, size, bytes } = frame;
  if (size === null || format === 'jpeg' || format === 'png' || format === 'webp')
    return decodeGreyImage(bytes, options);
  const fault = imageSizeFault(size, options.limits);
  if (fault) throw new AppError('PICTURE_TOO_LARGE', { ...fault });
  const wanted = options.sizeOf(size);
  const { width, height } = size;
  const image = await resized({ width, height, data: BRIGHTNESS[format](bytes) }, wanted);
  return { image: { ...wanted, data: own(image.data) }, source: { width, height } };
}

/** Loads sharp only if it is needed. */
async function resized(image: Image, wanted: Size): Promise<Image> {
  if (image.width === wanted.width && image.height === wanted.height) return image;
  return (await import('./image-codec.js')).resizeImage(image, wanted);
}

const BRIGHTNESS = {
  gray8: (bytes: Uint8Array): Uint8Array => bytes,
  rgb24: toLuma,
  yuy2: lumaOfYuy2,
} as const;

/** Every second byte is a pixel's brightness; those between are colours. */
function lumaOfYuy2(bytes: Uint8Array): Uint8Array {
  const luma = new Uint8Array(bytes.length / 2);
  for (let pixel = 0; pixel < luma.length; pixel += 1) luma[pixel] = FULL_RANGE[bytes[2 * pixel]];
  return luma;
}

/** Bytes that share their memory with others are copied. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && !Buffer.isBuffer(bytes)
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes);
}
