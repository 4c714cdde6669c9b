import { AppError } from '../errors/app-error.js';
import type { CodeOfKind } from '../errors/codes.js';
import { IMAGE_FORMATS } from '../domain/image-format.js';

/** The error for an image that cannot be read. */
export const refusal = (code: CodeOfKind<'invalid'>, message: string, cause?: unknown): AppError =>
  new AppError(code, { message, cause });

/** The error for data that is no image of a supported format. */
export const unsupported = (what: string): AppError =>
  new AppError('PICTURE_TYPE', {
    message: `The input contains ${what}; supported formats: ${IMAGE_FORMATS.join(', ')}.`,
  });
