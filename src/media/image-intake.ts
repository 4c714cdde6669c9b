import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';
import type { MaskFacts } from '../domain/dataset.js';
import { holeCircle } from '../vision/inpainting/hole-size.js';
import { formatPercent } from '../domain/percent.js';
import { AppError } from '../errors/app-error.js';
import { readMaskPixels } from './mask-pixels.js';
import { readMaskPaint, type ReadMask } from './mask-reading.js';
import { openImage, ImageUnreadable, type OpenedImage } from './open-image.js';
import { imageSizeFault, type ImageSizeLimits } from './image-size.js';
import { isImageFormat, IMAGE_FORMATS } from './image-type.js';
import { sniffFile } from './sniff.js';
import type { Image } from '../vision/image/image.js';

/** Options for importing an image from a user. */
export interface ImageIntake {
  readonly path: string;
  /** New file to which the cleaned image is written as PNG. */
  readonly target: string;
  readonly role: 'source' | 'mask';
  /** For masks: the imported source, for masks that are painted over a copy of it. */
  readonly sourcePath?: string;
  /** Whether the source is a video frame of which the mask may be a screenshot. */
  readonly sourceIsFrame?: boolean;
  readonly limits: ImageSizeLimits;
}

/** Properties of an imported image; sizes are those that a viewer shows. */
export interface ImportedImage {
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly sha256: string;
  /** For masks only. */
  readonly hole: MaskFacts | null;
  /** Warnings for the user, one sentence each. */
  readonly warnings: readonly string[];
}

const PNG = { compressionLevel: 3 } as const;
/**
 * Maximum file size in bytes. The file is read into memory; the largest allowed image has half as many bytes
 * uncompressed.
 */
const MAX_FILE_BYTES = 512 * 2 ** 20;

/**
 * Decodes a user's image and writes its visible content as PNG: upright, sRGB, 8 bits, without metadata. A
 * source keeps its alpha channel. A mask becomes black and white by `readMaskPaint`. Run it in a separate
 * process, since decoders may crash on hostile files.
 * @throws AppError `EMPTY_FILE`, `UNSUPPORTED_TYPE`, `IMAGE_TOO_LARGE` (too_large), `IMAGE_CORRUPT`,
 *   `MASK_UNCLEAR` (invalid)
 */
export async function importImage(intake: ImageIntake): Promise<ImportedImage> {
  const { path, target, limits } = intake;
  const type = await sniffFile(path, IMAGE_FORMATS);
  if (!isImageFormat(type)) throw new TypeError(`${type} is not an image type`);
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES)
    throw tooLarge(`The image's file has ${size} bytes; at most ${MAX_FILE_BYTES} are allowed.`);
  const image = await openImage(await readFile(path), type).catch(refuse);
  requireSize(image, limits);
  const imported = await (intake.role === 'mask' ? importMask(image, intake) : importSource(image, target));
  return { ...imported, ...(await hashOf(target)) };
}

type Imported = Omit<ImportedImage, 'bytes' | 'sha256'>;

async function importSource(image: OpenedImage, target: string): Promise<Imported> {
  const { value, warnings } = await image
    .read((pipeline) => pipeline.toColourspace('srgb').png(PNG).toFile(target))
    .catch(refuse);
  return { width: value.width, height: value.height, hole: null, warnings };
}

async function importMask(
  image: OpenedImage,
  { target, sourcePath, sourceIsFrame }: ImageIntake,
): Promise<Imported> {
  const { value: pixels, warnings } = await image.read(readMaskPixels).catch(refuse);
  const { width, height } = pixels;
  const loadSource = sourcePath === undefined ? undefined : () => pixelsOf(sourcePath);
  const { mask, grey, index, ...read } = await readMaskPaint(pixels, loadSource, sourceIsFrame);
  await sharp(mask, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png(PNG)
    .toFile(target);
  const hole = { ...read, circle: holeCircle({ width, height, data: mask }) };
  return { width, height, hole, warnings: [...warnings, ...warningsOf({ grey, index, hole })] };
}

function warningsOf({ grey, index, hole }: Pick<ReadMask, 'grey' | 'index'> & { hole: MaskFacts }): string[] {
  const found: string[] = [];
  if (grey)
    found.push(
      `${formatPercent(hole.nonBinaryShare)} of the mask is neither black nor white: values above 127 were treated as white.`,
    );
  if (index !== null)
    found.push(
      `The mask contains only the values 0 and ${String(index)}, no white: ${String(index)} was treated as hole.`,
    );
  return found;
}

async function pixelsOf(path: string): Promise<Image> {
  const { data, info } = await sharp(path, { limitInputPixels: false })
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function requireSize(image: OpenedImage, limits: ImageSizeLimits): void {
  const fault = imageSizeFault(image, limits);
  if (fault) throw tooLarge(fault.message, fault.details);
}

const tooLarge = (message: string, details?: Readonly<Record<string, number>>): AppError =>
  new AppError('IMAGE_TOO_LARGE', { message, details });

function refuse(error: unknown): never {
  if (!(error instanceof ImageUnreadable)) throw error;
  const { fault, detail } = error.reason;
  if (fault === 'unsupported')
    throw new AppError('UNSUPPORTED_TYPE', { message: `The file contains ${detail}.` });
  if (fault === 'laborious') throw new AppError('IMAGE_TOO_COMPLEX', { message: `The image is ${detail}.` });
  const message = `The image is damaged or cut off${detail === '' ? '.' : `: ${detail}`}`;
  throw new AppError('IMAGE_CORRUPT', { message, cause: error });
}

async function hashOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
