import sharp, { type Metadata, type Sharp } from 'sharp';
import { formatPercent } from '../domain/percent.js';
import { readableAvif } from './avif-brand.js';
import { hdrOf } from './hdr-image.js';
import { openHeif } from './heif/open-heif.js';
// Configures sharp for user files: no cache, one thread, only the listed loaders.
import './image-codec.js';
import { missingShareOf } from './jpeg/jpeg-completeness.js';
import { jpegEffortFault } from './jpeg/jpeg-effort.js';
import { repairJpeg } from './jpeg/jpeg-repair.js';
import { hasTooManyFrames, MAX_FRAMES } from './image-frames.js';
import type { ImageFormat } from '../domain/image-format.js';
import { corrupt, ImageUnreadable, profileWarnings, type OpenedImage } from './opened-image.js';
import { withPngColours } from './png-colours.js';
import { isAppleOnly, MAX_CHUNKS, repairPng } from './png-repair.js';
import { unsupportedTiff } from './tiff-kind.js';

/**
 * Maximum share of an image that may be missing: less than one row of blocks of a photo, which viewers show
 * as grey.
 */
const MAX_MISSING = 0.02;

/** An image with a repaired structure. */
interface Prepared {
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
  readonly frames?: number;
  readonly mayLackRows?: boolean;
}

/**
 * Opens an image of a known format, with the rules that all routes and jobs share. Only the header is read,
 * so that the caller can apply its limits before decoding.
 * @throws ImageUnreadable
 */
export async function openImage(content: Uint8Array, format: ImageFormat): Promise<OpenedImage> {
  if (format === 'heic') return openHeif(content);
  const { bytes, warnings: structure, frames, mayLackRows = false } = prepare(content, format);
  const open = (failOn: 'none' | 'error' | 'warning') =>
    sharp(bytes, { failOn, limitInputPixels: false, sequentialRead: true, autoOrient: true });
  // For JPEG and PNG, decoder warnings concern the pixels; for TIFF they concern unused tags.
  const strict = format === 'jpeg' || format === 'png' ? 'warning' : 'error';
  const metadata = await open('error').metadata().catch(corrupt);
  const { width, height } = metadata.autoOrient;
  const light = hdrOf(content, format);
  const warnings = [...structure, ...(light ? [light] : []), ...warningsOf(metadata, frames)];
  const read = async <T>(use: (image: Sharp) => Promise<T>) => {
    const missing = mayLackRows ? missingRows(bytes) : [];
    try {
      return { value: await use(open(strict)), warnings: [...warnings, ...missing] };
    } catch (error) {
      if (format !== 'jpeg' || isTimeout(error)) return corrupt(error);
      const tolerated = tolerate(bytes, error);
      return { value: await use(open('none')).catch(corrupt), warnings: [...warnings, tolerated] };
    }
  };
  return { width, height, warnings, read };
}

/** Repairs the structure. @throws ImageUnreadable when too much is missing */
function prepare(content: Uint8Array, format: ImageFormat): Prepared {
  if (format === 'png') {
    if (isAppleOnly(content))
      throw unsupported(
        'a PNG that Xcode changed for Apple devices (CgBI), which is not supported; save it as a usual PNG',
      );
    const { bytes, faults, frames, chunks, missingShare } = repairPng(content);
    if (chunks > MAX_CHUNKS)
      throw laborious(`a PNG with more than ${String(MAX_CHUNKS)} chunks, which is not supported`);
    if (missingShare > MAX_MISSING) throw cutOff(missingShare);
    const missing = missingShare > 0 ? [blank(missingShare)] : [];
    return { bytes: withPngColours(bytes), warnings: [...faults, ...missing], frames };
  }
  if (format === 'avif') return readableAvif(content);
  if (hasTooManyFrames(content, format))
    throw laborious(`one with more than ${String(MAX_FRAMES)} frames or pages, which is not supported`);
  const unsupportedVariant = format === 'tiff' ? unsupportedTiff(content) : null;
  if (unsupportedVariant !== null) throw unsupported(unsupportedVariant);
  if (format !== 'jpeg') return { bytes: content, warnings: [] };
  const { bytes, faults, precision, exotic, mayLackRows, effort } = repairJpeg(content);
  const excess = jpegEffortFault(effort);
  if (excess !== null) throw laborious(excess);
  if (precision !== null && precision !== 8)
    throw unsupported(`a JPEG of ${String(precision)} bits a sample; only 8 are supported`);
  if (exotic)
    throw unsupported('a lossless or hierarchical JPEG; only baseline and progressive JPEGs are supported');
  return { bytes, warnings: faults, mayLackRows };
}

/** The warning for rows that a decoder would fill without reporting it. @throws ImageUnreadable */
function missingRows(bytes: Uint8Array): string[] {
  const share = missingShareOf(bytes) ?? 0;
  if (share > MAX_MISSING) throw cutOff(share);
  return share === 0 ? [] : [blank(share)];
}

/**
 * The warning for a JPEG that a strict decoder rejects but viewers show completely. @throws ImageUnreadable
 */
function tolerate(bytes: Uint8Array, cause: unknown): string {
  const share = missingShareOf(bytes);
  if (share === null) return corrupt(cause);
  if (share > MAX_MISSING) throw cutOff(share, cause);
  return share === 0 ? 'The JPEG has faults that viewers ignore.' : blank(share);
}

function warningsOf(
  { pages, hasProfile, icc, depth, space }: Metadata,
  frames: number = pages ?? 1,
): string[] {
  const warnings: string[] = [];
  if (frames > 1) warnings.push(`Only the first of ${String(frames)} frames or pages was used.`);
  if (depth && !['uchar', 'bool'].includes(depth))
    warnings.push('The image was reduced to 8 bits per channel.');
  if (space === 'scrgb')
    warnings.push(
      'Floating-point samples were read as linear light from 0 to 1; brighter values were clipped.',
    );
  if (space === 'cmyk') warnings.push('The colours were converted from CMYK to sRGB.');
  else if (hasProfile) warnings.push(...profileWarnings(icc));
  return warnings;
}

const blank = (share: number): string =>
  `The file is cut off: ${formatPercent(share)} of the image are missing.`;

const cutOff = (share: number, cause?: unknown): ImageUnreadable =>
  new ImageUnreadable({
    fault: 'corrupt',
    detail: `${formatPercent(share)} of it are missing; at most ${formatPercent(MAX_MISSING)} may be.`,
    cause,
  });

const unsupported = (detail: string): ImageUnreadable =>
  new ImageUnreadable({ fault: 'unsupported', detail });

const laborious = (detail: string): ImageUnreadable => new ImageUnreadable({ fault: 'laborious', detail });

const isTimeout = (error: unknown): boolean => error instanceof Error && /timeout/i.test(error.message);
