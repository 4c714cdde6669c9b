import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';
import type { MaskFacts } from '../domain/dataset.js';
import { shapesInPixels, type MaskShapes } from '../domain/mask-shapes.js';
import { AppError } from '../errors/app-error.js';
import { drawShapes } from './mask-drawing.js';
import { fitMask } from './mask-fit.js';
import { readMaskPixels } from './mask-pixels.js';
import { readMaskPaint, readTransparency } from './mask-reading.js';
import { maskNotes, PNG_OPTIONS, writeMask } from './mask-writing.js';
import { openImage } from './open-image.js';
import { ImageUnreadable, type OpenedImage } from './opened-image.js';
import { imageSizeFault, type ImageSizeLimits } from './image-size.js';
import { IMAGE_FORMATS } from '../domain/image-format.js';
import { isImageFormat } from './image-type.js';
import { sniffFile } from './sniff.js';
import type { Image, Size } from '../vision/image/image.js';

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
  /** For masks: the size to which the mask is scaled, see `fitMask`; its own by default. */
  readonly fit?: Size;
  /** For masks: whether the transparent pixels are the hole, whatever the colours. */
  readonly byAlpha?: boolean;
  readonly limits: ImageSizeLimits;
}

/** Options for drawing a mask. */
export interface MaskDrawing {
  readonly shapes: MaskShapes;
  /** Size of the image that the mask belongs to. */
  readonly size: Size;
  /** New file to which the mask is written as PNG. */
  readonly target: string;
}

/** A request to the process that decodes images. */
export type ImageRequest = ImageIntake | MaskDrawing;

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
    .read((pipeline) => pipeline.toColourspace('srgb').png(PNG_OPTIONS).toFile(target))
    .catch(refuse);
  return { width: value.width, height: value.height, hole: null, warnings };
}

async function importMask(
  image: OpenedImage,
  { target, sourcePath, sourceIsFrame, fit, byAlpha = false }: ImageIntake,
): Promise<Imported> {
  const { value: pixels, warnings } = await image.read(readMaskPixels).catch(refuse);
  const loadSource = sourcePath === undefined ? undefined : () => pixelsOf(sourcePath);
  const read = byAlpha ? readTransparency(pixels) : await readMaskPaint(pixels, loadSource, sourceIsFrame);
  const size = fit ?? pixels;
  const mask = isSameSize(size, pixels) ? read.mask : fitMask({ ...pixels, data: read.mask }, size);
  const written = await writeMask({ ...size, data: mask }, { target, read });
  return { ...written, warnings: [...warnings, ...maskNotes(read, pixels, size)] };
}

const isSameSize = (one: Size, other: Size): boolean =>
  one.width === other.width && one.height === other.height;

/** Draws a mask and writes it like an imported one, so that equal masks give equal files. */
export async function drawMask({ shapes, size, target }: MaskDrawing): Promise<ImportedImage> {
  const mask = drawShapes(shapesInPixels(shapes, size), size);
  const read = { nonBinaryShare: 0, reading: 'shapes' } as const;
  const written = await writeMask({ ...size, data: mask }, { target, read });
  return { ...written, warnings: [], ...(await hashOf(target)) };
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
