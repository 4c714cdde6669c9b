import sharp, { type OverlayOptions } from 'sharp';
import { AppError } from '../errors/app-error.js';
import './image-codec.js';
import type { Image } from '../vision/image/image.js';

/** Formats that result images are written in. */
export type ImageFormat = 'png' | 'jpeg' | 'webp';

/** Ways to lay one image over another, as libvips knows them. */
export type CompositeMode = NonNullable<OverlayOptions['blend']>;

/** An image in sRGB, with its alpha apart where it has one. */
export interface OpenImage extends Image {
  /** One byte a pixel, 255 opaque; null where everything is opaque. */
  readonly alpha: Uint8Array | null;
}

const RESULT_QUALITY = 95;

/** Reads a stored image; those are PNGs that were taken in, so their limits are known to hold. */
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

/** Stored images were whole once; one that is not any more is lost for good. */
function broken(cause: unknown): never {
  const message = 'A stored image cannot be read any more.';
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

/** Writes a result; formats without alpha show it on white. */
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
    // Flattening needs the joined alpha as pixels, so it is a second step.
    const flat = alpha === null ? image : sharp(await image.png({ compressionLevel: 0 }).toBuffer());
    await flat
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: RESULT_QUALITY, chromaSubsampling: '4:4:4' })
      .toFile(path);
  }
}

/** Lays `top` over `base` with a composite mode; both are RGB of the same size. */
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
