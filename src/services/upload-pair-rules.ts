import { formatPercent } from '../domain/percent.js';
import { AppError } from '../errors/app-error.js';
import type { CodeOfKind } from '../errors/codes.js';
import type { AcceptedFile } from './upload-inspection.js';

/**
 * A mask must have the size of its source, or for videos the same aspect ratio. @throws AppError `MASK_…`
 * (invalid)
 */
export function requireFittingMask(source: AcceptedFile, mask: AcceptedFile): void {
  if (source.kind === 'image' && mask.kind === 'video')
    throw badMask('MASK_KIND_MISMATCH', `The mask "${mask.name}" of the image "${source.name}" is a video.`);
  if (!sameSize(source, mask) && !(mask.kind === 'video' && sameProportions(source, mask))) {
    const sizes = `${mask.width}x${mask.height} pixels, "${source.name}" has ${source.width}x${source.height}`;
    throw badMask('MASK_SIZE_MISMATCH', `The mask "${mask.name}" has ${sizes}.`);
  }
}

/** A mask must mark some pixels and leave others. @throws AppError `MASK_…` (invalid) */
export function requireHole(mask: AcceptedFile, strict: boolean): void {
  if (mask.hole === null) return;
  // Lossy codecs blur the frames of a mask video, so only masks of images can be purely black and white.
  if (strict && mask.kind === 'image' && mask.hole.nonBinaryShare > 0) {
    throw badMask(
      'MASK_NOT_BINARY',
      `${formatPercent(mask.hole.nonBinaryShare)} of the pixels of the mask "${mask.name}" are neither black nor white.`,
    );
  }
  if (mask.hole.share === 1)
    throw badMask(
      'MASK_ALL_HOLE',
      `The mask "${mask.name}" covers the whole image, so nothing is left to fill from.`,
    );
  if (mask.hole.share === 0)
    throw badMask('MASK_EMPTY', `The mask "${mask.name}" is empty; paint the area to be filled white.`);
}

/** The error for a mask that is identical to its source. */
export const sameFile = ({ name }: AcceptedFile): AppError =>
  badMask('MASK_EMPTY', `The mask "${name}" is identical to its image or video: nothing is painted on it.`);

const sameSize = (one: AcceptedFile, other: AcceptedFile): boolean =>
  one.width === other.width && one.height === other.height;

/**
 * Editors scale mask videos down and round their sides to even numbers, which changes the aspect ratio
 * slightly.
 */
const PROPORTION_TOLERANCE = 0.01;

function sameProportions(one: AcceptedFile, other: AcceptedFile): boolean {
  const ratio = (one.width * other.height) / (one.height * other.width);
  return Math.abs(ratio - 1) <= PROPORTION_TOLERANCE;
}

/** Warnings about how a mask is used. */
export function warningsOfMask(source: AcceptedFile, mask: AcceptedFile): string[] {
  const warnings: string[] = [];
  if (!sameSize(source, mask))
    warnings.push(
      `The mask will be scaled from ${mask.width}x${mask.height} to ${source.width}x${source.height}.`,
    );
  return warnings;
}

/** An error of the field `mask`. */
export function badMask(code: CodeOfKind<'invalid'>, message: string): AppError {
  return new AppError(code, { message, issues: [{ pointer: '/mask', message, code }] });
}
