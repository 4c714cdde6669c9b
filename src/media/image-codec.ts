import sharp, { type Sharp } from 'sharp';
import { channelsOf, type Image, type Size } from '../vision/image/image.js';

// One thread and no cache: engines run several jobs at once, and libvips keeps what it caches for ever.
sharp.concurrency(1);
sharp.cache(false);
// libvips brings dozens of loaders; users' files may reach those of the documented formats, our own drawings one more.
// The SVG loader that reads from memory stays open for `renderSvg` only: it has no base address, so it cannot open other
// files.
sharp.block({ operation: ['VipsForeignLoad'] });
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Tiff', 'Nsgif', 'SvgBuffer'];
sharp.unblock({ operation: LOADERS.map((loader) => `VipsForeignLoad${loader}`) });

/** How an image is written; JPEG `quality` is 1 to 100. A quick JPEG takes a third of the time and is some percent larger. */
export type ImageEncoding =
  | { readonly format: 'png' }
  | { readonly format: 'jpeg'; readonly quality?: number; readonly quick?: boolean };

/** Something laid onto an image; `left` and `top` are pixels, and it must lie inside. */
export type ImageLayer = { readonly left: number; readonly top: number } & (
  | { readonly image: Image }
  /** Our own drawing; text from users must be XML-escaped. */
  | { readonly svg: string }
);

/** An image to be put together by {@link composeImage}. */
export interface ImageComposition {
  readonly width: number;
  readonly height: number;
  /** From the bottom to the top. */
  readonly layers: readonly ImageLayer[];
  /** CSS colour behind the layers; white by default. */
  readonly background?: string;
  readonly encoding?: ImageEncoding;
}

const JPEG_QUALITY = 90;

/** Encodes raw pixels; PNG by default. */
export async function encodeImage(
  image: Image,
  encoding: ImageEncoding = { format: 'png' },
): Promise<Buffer> {
  return encode(sharp(image.data, rawOptions(image)), encoding);
}

/**
 * The image at another size, by libvips: Lanczos, averaged where it becomes smaller. For images that people look at and
 * for large ones: no other resizer here is as fast, but only `resample` has the pixels that networks were trained on, and
 * only `shrinkKnown` leaves unknown pixels out.
 */
export async function resizeImage(image: Image, { width, height }: Size): Promise<Image> {
  if (image.width === width && image.height === height) return image;
  const resized = sharp(image.data, rawOptions(image)).resize(width, height, {
    fit: 'fill',
    kernel: 'lanczos3',
  });
  const grey = channelsOf(image) === 1;
  return { width, height, data: await (grey ? resized.extractChannel(0) : resized).raw().toBuffer() };
}

/** Lays images and drawings side by side or over one another and encodes the whole; PNG by default. */
export async function composeImage(composition: ImageComposition): Promise<Buffer> {
  const { width, height, background = '#ffffff' } = composition;
  const layers = composition.layers.map((layer) => {
    const place = { left: layer.left, top: layer.top };
    if ('svg' in layer) return { input: Buffer.from(layer.svg, 'utf8'), ...place };
    // sharp takes Buffers and typed arrays alike, and does not copy them.
    return {
      input: Buffer.from(layer.image.data.buffer, layer.image.data.byteOffset, layer.image.data.byteLength),
      ...rawOptions(layer.image),
      ...place,
    };
  });
  const canvas = sharp({ create: { width, height, channels: 3, background } });
  return encode(canvas.composite(layers), composition.encoding ?? { format: 'png' });
}

/**
 * Renders one of our drawings as PNG on white.
 * @param svg SVG text made by this program; user text in it must be XML-escaped
 * @param scale factor on the drawing's own size, 1 by default
 */
export async function renderSvg(svg: string, scale = 1): Promise<Buffer> {
  const image = sharp(Buffer.from(svg, 'utf8'), { density: 72 * scale });
  return encode(image.flatten({ background: '#ffffff' }), { format: 'png' });
}

/**
 * Renders one of our drawings as RGB pixels on white.
 * @param svg SVG text made by this program; user text in it must be XML-escaped
 */
export async function rasteriseSvg(svg: string): Promise<Image> {
  const image = sharp(Buffer.from(svg, 'utf8'), { density: 72 }).flatten({ background: '#ffffff' });
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function rawOptions({ width, height, data }: Image): {
  raw: { width: number; height: number; channels: 1 | 3 | 4 };
} {
  const channels = channelsOf({ width, height, data });
  if (channels === 1 || channels === 3 || channels === 4) return { raw: { width, height, channels } };
  throw new TypeError(`${data.length} bytes are no image of ${width}x${height} pixels`);
}

function encode(image: Sharp, encoding: ImageEncoding): Promise<Buffer> {
  if (encoding.format === 'png') return image.png({ compressionLevel: 6 }).toBuffer();
  const { quality = JPEG_QUALITY, quick = false } = encoding;
  return image.jpeg({ quality, optimiseCoding: !quick }).toBuffer();
}
