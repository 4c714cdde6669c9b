import type { ServoFrame } from '../domain/servo.js';
import { requireImage } from '../domain/servo-frame.js';
import type { Image, Size } from '../vision/image/image.js';
import { resizeImage } from './image-codec.js';
import { decodeImage, type ImageLimits } from './image-decoder.js';

const RGB = 3;

/**
 * A live frame in colour, three bytes per pixel, at the given size.
 * @throws AppError FRAME_MALFORMED (invalid), and as `decodeImage`
 */
export async function decodeColourFrame(
  frame: Pick<ServoFrame, 'format' | 'size' | 'bytes'>,
  wanted: Size,
  limits: ImageLimits,
): Promise<Image> {
  requireImage(frame);
  const { format, size, bytes } = frame;
  if (size === null || format === 'jpeg' || format === 'png' || format === 'webp')
    return decodeColourImage(bytes, wanted, limits);
  return resizeImage({ ...size, data: COLOURS[format](bytes) }, wanted);
}

/** An encoded image in colour, on white, at the given size. @throws AppError as `decodeImage` */
export async function decodeColourImage(
  bytes: Uint8Array,
  { width, height }: Size,
  limits: ImageLimits,
): Promise<Image> {
  const shape = {
    width,
    height,
    channels: RGB,
    resize: { rule: 'stretch' },
    interpolation: 'bilinear',
    background: [255, 255, 255],
  } as const;
  const { pixels } = await decodeImage(bytes, shape, limits);
  return { width, height, data: pixels };
}

const COLOURS = {
  gray8: rgbOfGrey,
  rgb24: (bytes: Uint8Array): Uint8Array => bytes,
  yuy2: rgbOfYuy2,
} as const;

function rgbOfGrey(bytes: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(RGB * bytes.length);
  for (let pixel = 0; pixel < bytes.length; pixel += 1)
    rgb.fill(bytes[pixel], RGB * pixel, RGB * pixel + RGB);
  return rgb;
}

/** Luma 16 to 235, chroma 16 to 240 (ITU-R BT.601-7, section 2.5); two adjacent pixels share their chroma. */
function rgbOfYuy2(bytes: Uint8Array): Uint8Array {
  const pixels = bytes.length / 2;
  // Clamps to bytes.
  const rgb = new Uint8ClampedArray(RGB * pixels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const pair = 4 * (pixel >> 1);
    const luma = (bytes[2 * pixel] - 16) * (255 / 219);
    const blue = (bytes[pair + 1] - 128) * (255 / 224);
    const red = (bytes[pair + 3] - 128) * (255 / 224);
    rgb[RGB * pixel] = luma + 1.402 * red;
    rgb[RGB * pixel + 1] = luma - 0.344136 * blue - 0.714136 * red;
    rgb[RGB * pixel + 2] = luma + 1.772 * blue;
  }
  return new Uint8Array(rgb.buffer);
}
