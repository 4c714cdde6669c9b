import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import {
  THUMBNAIL_FORMATS,
  THUMBNAIL_HEIGHT_FACTOR,
  thumbnailVariant,
  THUMBNAIL_WIDTHS,
  WHOLE_VARIANT,
} from '../../domain/preview.js';
import { AppError } from '../../errors/app-error.js';
import { channelsOf, type Image, type Size } from '../../vision/image/image.js';
// Configures sharp for user files: no cache, one thread, only the listed loaders.
import '../image-codec.js';
import { decodeImages } from '../frame-image.js';
import type { MadeFile, MadePreview } from './made-preview.js';
import { sizeInside, type OpenedVideo } from './preview-source.js';

const QUALITY = 90;
const WHITE = '#ffffff';
/** Largest size of a poster and of the frames of a filmstrip. */
export const SCREEN: Size = { width: 1920, height: 1080 };
/** Largest size at which the frame of a video's thumbnails is decoded: that of the tallest thumbnail. */
const THUMBNAIL_SOURCE: Size = { width: 1920, height: 1920 };

/**
 * Nominal widths of the thumbnails of an image: all up to the first one that is at least as wide as the image, which has
 * the image's own size, since nothing is enlarged.
 */
export function thumbnailWidths({ width }: Pick<Size, 'width'>): readonly number[] {
  const first = THUMBNAIL_WIDTHS.findIndex((nominal) => nominal >= width);
  return THUMBNAIL_WIDTHS.slice(0, first === -1 ? undefined : first + 1);
}

/** Writes the thumbnails of a stored image. @throws AppError MEDIA_CHANGED (invalid) when it cannot be decoded */
export async function makeImageThumbnails(path: string, folder: string): Promise<MadePreview> {
  const open = (): Sharp => sharp(path, { limitInputPixels: false, sequentialRead: true, failOn: 'warning' });
  const { width, height } = await open().metadata().catch(unreadable);
  return { files: await writeThumbnails(open, { width, height }, folder).catch(unreadable), facts: {} };
}

/** Writes the thumbnails of a video, which show the same frame as its poster. */
export async function makeVideoThumbnails(video: OpenedVideo, folder: string): Promise<MadePreview> {
  const { image, frame } = await tellingFrame(video, THUMBNAIL_SOURCE);
  return { files: await writeThumbnails(() => rawImage(image), image, folder), facts: { frame } };
}

/** Writes the poster of a video: one frame at the size of a screen. */
export async function makePoster(video: OpenedVideo, folder: string): Promise<MadePreview> {
  const { image, frame } = await tellingFrame(video, SCREEN);
  const file = join(folder, 'poster.jpg');
  await rawImage(image).jpeg({ quality: QUALITY }).toFile(file);
  return { files: [await madeFile(WHOLE_VARIANT, file, image)], facts: { frame } };
}

async function writeThumbnails(open: () => Sharp, whole: Size, folder: string): Promise<MadeFile[]> {
  const files: MadeFile[] = [];
  for (const width of thumbnailWidths(whole)) {
    const size = sizeInside(whole, { width, height: THUMBNAIL_HEIGHT_FACTOR * width });
    for (const format of THUMBNAIL_FORMATS) {
      const variant = thumbnailVariant(width, format);
      const file = join(folder, variant);
      const small = open().resize(size.width, size.height, { fit: 'fill' }).toColourspace('srgb');
      await (
        format === 'webp'
          ? small.webp({ quality: QUALITY })
          : small.flatten({ background: WHITE }).jpeg({ quality: QUALITY })
      ).toFile(file);
      files.push(await madeFile(variant, file, size));
    }
  }
  return files;
}

const TYPES: Readonly<Record<string, string>> = { webp: 'image/webp', jpg: 'image/jpeg', jpeg: 'image/jpeg' };

/** Facts about a written image file. */
export async function madeFile(variant: string, path: string, { width, height }: Size): Promise<MadeFile> {
  const type = TYPES[path.slice(path.lastIndexOf('.') + 1)];
  return { variant, path, type, width, height, bytes: (await stat(path)).size };
}

/** Raw pixels as an image of sharp. */
function rawImage(image: Image): Sharp {
  const { width, height, data } = image;
  return sharp(data, { raw: { width, height, channels: channelsOf(image) === 4 ? 4 : 3 } });
}

/** Where in a video frames are considered, as shares of its frames, in order of preference; openings are often black. */
const CANDIDATES = [0.1, 0.25, 0.5, 0] as const;
/** Standard deviation of luma, of 255, from which an image is not plain: titles and fades to black have less. */
const TELLING_DEVIATION = 12;

/** The first of some frames that is not plain, or the least plain one; inside `box`. */
async function tellingFrame(
  video: OpenedVideo,
  box: Size,
): Promise<{ readonly image: Image; readonly frame: number }> {
  const { path, probe, tools, colours } = video;
  const wanted = [...new Set(CANDIDATES.map((share) => Math.floor(share * probe.frameCount)))];
  const workingSize = sizeInside(video.shown, box);
  const found = new Map<number, Image>();
  for await (const image of decodeImages({ path, probe, tools, colours, workingSize, indices: wanted }))
    found.set(image.index, image);
  const frames = wanted.flatMap((frame) => {
    const image = found.get(frame);
    return image ? [{ frame, image, deviation: lumaDeviation(image.data) }] : [];
  });
  const telling = frames.find(({ deviation }) => deviation >= TELLING_DEVIATION);
  const best = telling ?? frames.toSorted((one, other) => other.deviation - one.deviation).at(0);
  if (best) return best;
  throw new AppError('FRAMES_MISSING', { message: 'None of the requested frames could be decoded.' });
}

/** Standard deviation of the luma (BT.601) of RGB pixels. */
function lumaDeviation(rgb: Uint8Array): number {
  let [sum, squares] = [0, 0];
  for (let at = 0; at < rgb.length; at += 3) {
    const luma = 0.299 * rgb[at] + 0.587 * rgb[at + 1] + 0.114 * rgb[at + 2];
    sum += luma;
    squares += luma * luma;
  }
  const pixels = rgb.length / 3;
  return Math.sqrt(Math.max(0, squares / pixels - (sum / pixels) ** 2));
}

/** Stored images are PNGs that this program wrote: one that cannot be read was changed. */
function unreadable(cause: unknown): never {
  throw new AppError('MEDIA_CHANGED', { message: 'The stored image can no longer be read.', cause });
}
