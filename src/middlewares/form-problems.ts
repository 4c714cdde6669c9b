import type { Request } from 'express';
import type multer from 'multer';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { pointerOf } from '../errors/json-pointer.js';

/** Limits on each part of a multipart form. */
export const PART_LIMITS = { fieldNameSize: 64, fieldSize: 4096, headerPairs: 32 } as const;

/** Limits on the text fields of a form. */
export interface TextFieldLimits {
  readonly fields: number;
  /** Maximum size of one text field in bytes. */
  readonly bytes?: number;
}

/** Replacement character that the decoder inserts for bytes that are not UTF-8. */
const REPLACEMENT = '\u{fffd}';

/** The error for a form that cannot be read for `reason`; `field` names the part concerned. */
export function badMultipart(reason: string, field?: string): AppError {
  const issues =
    field === undefined
      ? []
      : [{ pointer: pointerOf([field]), message: reason, code: 'BAD_MULTIPART' as const }];
  return new AppError('BAD_MULTIPART', { message: `The form cannot be read: ${reason}.`, issues });
}

/** The form parser's error about a text field or part, with the exceeded limit. */
export function formLimitProblem(
  { code, field, message }: multer.MulterError,
  { fields, bytes = PART_LIMITS.fieldSize }: TextFieldLimits,
): AppError {
  const named = field === undefined ? 'a field' : `the field "${field}"`;
  const reasons: Readonly<Partial<Record<multer.MulterError['code'], string>>> = {
    LIMIT_FIELD_VALUE: `${named} has more than ${String(bytes)} bytes; a file needs a file name`,
    LIMIT_FIELD_KEY: `the name of a field has more than ${String(PART_LIMITS.fieldNameSize)} bytes`,
    LIMIT_FIELD_COUNT: `it has more than ${String(fields)} text fields`,
    LIMIT_PART_COUNT: `it has more parts than ${String(fields)} text fields and its files`,
  };
  return badMultipart(reasons[code] ?? message.toLowerCase(), field);
}

/**
 * Requires an uncompressed form, since the form parser does not decompress. @throws AppError UNSUPPORTED_TYPE
 */
export function requirePlainForm({ headers }: Request): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return;
  throw new AppError('UNSUPPORTED_TYPE', {
    message: 'Content-Encoding is not supported for forms: send multipart/form-data uncompressed.',
  });
}

/**
 * Rejects text fields that are not UTF-8: they are stored and compared, so no bytes may be lost. @throws
 * AppError VALIDATION naming the field
 */
export function requireUtf8Fields(fields: unknown): void {
  if (typeof fields !== 'object' || fields === null) return;
  const broken = Object.entries(fields).filter(([name, value]) => hasLostBytes(name) || hasLostBytes(value));
  if (broken.length === 0) return;
  throw validationFailed(
    broken.map(([name]) => ({
      pointer: pointerOf([name]),
      message: 'contains bytes that are not UTF-8',
      code: 'MALFORMED',
    })),
  );
}

/** Checks a text or a list of texts; other values are rejected elsewhere. */
const hasLostBytes = (value: unknown): boolean =>
  typeof value === 'string' ? value.includes(REPLACEMENT) : Array.isArray(value) && value.some(hasLostBytes);
