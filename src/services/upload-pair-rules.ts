import { formatPercent } from '../domain/percent.js';
import { AppError } from '../errors/app-error.js';
import type { CodeOfKind } from '../errors/codes.js';
import type { AcceptedFile } from './upload-inspection.js';

/** A mask is as large as what it belongs to, or a video of the same proportions. @throws AppError `MASK_…` (invalid) */
export function requireFittingMask(source: AcceptedFile, mask: AcceptedFile): void {
  if (source.kind === 'image' && mask.kind === 'video')
    throw badMask('MASK_KIND_MISMATCH', `The mask "${mask.name}" of the image "${source.name}" is a video.`);
  if (!sameSize(source, mask) && !(mask.kind === 'video' && sameProportions(source, mask))) {
    const sizes = `${mask.width}x${mask.height} pixels, "${source.name}" has ${source.width}x${source.height}`;
    throw badMask('MASK_SIZE_MISMATCH', `The mask "${mask.name}" has ${sizes}.`);
  }
}

/** A mask marks something and leaves something. @throws AppError `MASK_…` (invalid) */
export function requireHole(mask: AcceptedFile, strict: boolean): void {
  if (mask.hole === null) return;
  // The frames of a video lose what its codec takes, so none is purely black and white.
  if (strict && mask.kind === 'image' && mask.hole.nonBinaryShare > 0) {
    throw badMask(
      'MASK_NOT_BINARY',
      `${formatPercent(mask.hole.nonBinaryShare)} of the pixels of the mask "${mask.name}" are neither black nor white.`,
    );
  }
  if (mask.hole.share === 1)
    throw badMask('MASK_ALL_HOLE', `The mask "${mask.name}" covers everything: nothing would be left.`);
  if (mask.hole.share === 0)
    throw badMask('MASK_EMPTY', `The mask "${mask.name}" marks nothing: paint white what is to be filled.`);
}

/** A mask that is the image itself. */
export const sameFile = ({ name }: AcceptedFile): AppError =>
  badMask('MASK_EMPTY', `The mask "${name}" is the file that it belongs to: nothing is painted on it.`);

const sameSize = (one: AcceptedFile, other: AcceptedFile): boolean =>
  one.width === other.width && one.height === other.height;

/** Editors export mask videos smaller and round their sides to even numbers. */
const PROPORTION_TOLERANCE = 0.01;

function sameProportions(one: AcceptedFile, other: AcceptedFile): boolean {
  const ratio = (one.width * other.height) / (one.height * other.width);
  return Math.abs(ratio - 1) <= PROPORTION_TOLERANCE;
}

/** How a mask is used where that may be unexpected. */
export function warningsOfMask(source: AcceptedFile, mask: AcceptedFile): string[] {
  const warnings: string[] = [];
  if (!sameSize(source, mask))
    warnings.push(
      `The mask will be scaled from ${mask.width}x${mask.height} to ${source.width}x${source.height}.`,
    );
  return warnings;
}

function badMask(code: CodeOfKind<'invalid'>, message: string): AppError {
  return new AppError(code, { message, issues: [{ pointer: '/mask', message, code }] });
}
