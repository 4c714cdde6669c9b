import { AppError } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/codes.js';

/** Codes of the errors that the library finds itself, by their status. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'TUS_REQUEST_INVALID',
  403: 'TUS_REQUEST_INVALID',
  404: 'NOT_FOUND',
  409: 'UPLOAD_OFFSET_MISMATCH',
  410: 'UPLOAD_ENDED',
  412: 'TUS_VERSION_UNSUPPORTED',
  413: 'FILE_TOO_LARGE',
  501: 'UPLOAD_EXTENSION_UNSUPPORTED',
};

const ABORTED = 'Request aborted due to lock acquired';

/** The error for a response of the library; unknown errors are thrown as they are. */
export function toAppError(status: number, text: string, failure: unknown): unknown {
  const message = text.trim().replace(/([^.])$/, '$1.');
  if (message.startsWith(ABORTED))
    return new AppError('UPLOAD_BUSY', {
      message: 'Another request took over this upload: ask for the offset with HEAD and continue there.',
      retryAfterSeconds: 1,
    });
  const code = CODES[status];
  if (code !== undefined && isOfLibrary(failure)) return new AppError(code, { message });
  return failure ?? new Error(message);
}

/** The library throws plain objects, and for a body that is too long an error with a status. */
const isOfLibrary = (failure: unknown): boolean => !(failure instanceof Error) || 'status_code' in failure;
