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

/** How an image from a user is to be taken in. */
export interface ImageIntake {
  readonly path: string;
  /** New file that the cleaned image is written to, as PNG. */
  readonly target: string;
  readonly role: 'source' | 'mask';
  /** Of a mask: its source as it was taken in, for masks that are painted over a copy of it. */
  readonly sourcePath?: string;
  /** Whether the source is a frame of a video that the mask may be a screenshot of. */
  readonly sourceIsFrame?: boolean;
  readonly limits: ImageSizeLimits;
}

/** What an image from a user is once it is taken in; sizes are those that a viewer shows. */
export interface TakenImage {
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly sha256: string;
  /** For masks only. */
  readonly hole: MaskFacts | null;
  /** What its user should know, one sentence each. */
  readonly warnings: readonly string[];
}

const PNG = { compressionLevel: 3 } as const;
/** An image's file is read into memory; the largest allowed image has half as many bytes uncompressed. */
const MOST_FILE_BYTES = 512 * 2 ** 20;

/**
 * Decodes a user's image and writes what it shows: upright, sRGB, 8 bits, without metadata, as PNG. A source keeps its
 * alpha. A mask becomes black and white by `readMaskPaint`.
 * Run it in a process that may die: decoders are where hostile files do harm.
 * @throws AppError `EMPTY_FILE`, `UNSUPPORTED_TYPE`, `IMAGE_TOO_LARGE` (too_large), `IMAGE_CORRUPT`, `MASK_UNCLEAR` (invalid)
 */
export async function takeImage(intake: ImageIntake): Promise<TakenImage> {
  const { path, target, limits } = intake;
  const type = await sniffFile(path, IMAGE_FORMATS);
  if (!isImageFormat(type)) throw new TypeError(`${type} is no image`);
  const { size } = await stat(path);
  if (size > MOST_FILE_BYTES)
    throw tooLarge(`The image's file has ${size} bytes; at most ${MOST_FILE_BYTES} are allowed.`);
  const image = await openImage(await readFile(path), type).catch(refuse);
  requireSize(image, limits);
  const taken = await (intake.role === 'mask' ? takeMask(image, intake) : takeSource(image, target));
  return { ...taken, ...(await hashOf(target)) };
}

type Taken = Omit<TakenImage, 'bytes' | 'sha256'>;

async function takeSource(image: OpenedImage, target: string): Promise<Taken> {
  const { value, warnings } = await image
    .read((pipeline) => pipeline.toColourspace('srgb').png(PNG).toFile(target))
    .catch(refuse);
  return { width: value.width, height: value.height, hole: null, warnings };
}

async function takeMask(
  image: OpenedImage,
  { target, sourcePath, sourceIsFrame }: ImageIntake,
): Promise<Taken> {
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
      `${formatPercent(hole.nonBinaryShare)} of the mask are neither black nor white: values above 127 were taken as white.`,
    );
  if (index !== null)
    found.push(
      `The mask has the values 0 and ${String(index)} only, no white: ${String(index)} was taken as hole.`,
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
    throw new AppError('UNSUPPORTED_TYPE', { message: `The file holds ${detail}.` });
  if (fault === 'laborious') throw new AppError('IMAGE_TOO_COMPLEX', { message: `The image is ${detail}.` });
  const message = `The image is damaged or cut off${detail === '' ? '.' : `: ${detail}`}`;
  throw new AppError('IMAGE_CORRUPT', { message, cause: error });
}

async function hashOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
