import sharp, { type OverlayOptions } from 'sharp';
import { AppError } from '../errors/app-error.js';
import './image-codec.js';
import type { Image } from '../vision/image/image.js';

/** Formats of result images. */
export type ImageFormat = 'png' | 'jpeg' | 'webp';

/** Blend modes of libvips. */
export type CompositeMode = NonNullable<OverlayOptions['blend']>;

/** An image in sRGB, with its alpha channel separate. */
export interface OpenImage extends Image {
  /** One byte per pixel, 255 is opaque; null when the whole image is opaque. */
  readonly alpha: Uint8Array | null;
}

const RESULT_QUALITY = 95;

/** Reads a stored image. Stored images are PNGs written by us, so they are known to keep the limits. */
export async function readImage(path: string, maxPixels: number): Promise<OpenImage> {
  const image = sharp(path, { limitInputPixels: maxPixels, failOn: 'warning' });
  const { hasAlpha } = await image.metadata().catch(broken);
  const { data, info } = await image
    .clone()
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(broken);
  const alpha = hasAlpha ? await image.extractChannel('alpha').raw({ depth: 'uchar' }).toBuffer() : null;
  return { width: info.width, height: info.height, data: new Uint8Array(data), alpha };
}

/** A stored image was intact once; if it cannot be read now, a retry cannot help. */
function broken(cause: unknown): never {
  const message = 'A stored image can no longer be read.';
  throw new AppError('MEDIA_CHANGED', { message, cause });
}

/** Reads a stored mask: 0 known, 255 hole. */
export async function readMask(path: string, maxPixels: number): Promise<Image> {
  const { data, info } = await sharp(path, { limitInputPixels: maxPixels, failOn: 'warning' })
    .extractChannel(0)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(broken);
  return { width: info.width, height: info.height, data };
}

/** Writes a result image; formats without alpha get a white background. */
export async function writeImage(
  path: string,
  { width, height, data, alpha }: OpenImage,
  format: ImageFormat,
): Promise<void> {
  const colour = sharp(data, { raw: { width, height, channels: 3 } });
  const image =
    alpha === null ? colour : colour.joinChannel(Buffer.from(alpha), { raw: { width, height, channels: 1 } });
  if (format === 'png') await image.png({ compressionLevel: 6 }).toFile(path);
  else if (format === 'webp') await image.webp({ lossless: true }).toFile(path);
  else {
    // Flattening requires the joined alpha channel as pixels, so it is a second step.
    const flat = alpha === null ? image : sharp(await image.png({ compressionLevel: 0 }).toBuffer());
    await flat
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: RESULT_QUALITY, chromaSubsampling: '4:4:4' })
      .toFile(path);
  }
}

/** Blends `top` over `base`; both are RGB of the same size. */
export async function compositeImages(base: Image, top: Image, blend: CompositeMode): Promise<Image> {
  const { width, height } = base;
  const raw = { width, height, channels: 3 } as const;
  const data = await sharp(base.data, { raw })
    .composite([{ input: Buffer.from(top.data), raw, blend }])
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  return { width, height, data };
}

/** Pixels of a small image that this program wrote. */
export async function decodePreview(encoded: Buffer): Promise<Image> {
  const { data, info } = await sharp(encoded)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
