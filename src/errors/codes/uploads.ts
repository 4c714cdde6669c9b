import type { ErrorMeaning } from '../error-kind.js';

/** Codes of uploads in several requests. */
export const UPLOAD_CODES = {
  UPLOAD_ENDED: {
    kind: 'gone',
    title: 'Upload has ended',
    hint: 'The upload was aborted, refused or has expired, and its bytes were removed: create another one.',
  },
  UPLOAD_COMPLETED: {
    kind: 'conflict',
    title: 'Upload is completed',
    hint: 'The file is in its dataset: `GET` of the upload shows what was stored. Delete it there.',
  },
  UPLOAD_BUSY: {
    kind: 'conflict',
    title: 'Upload is busy',
    hint: 'Another request is writing or completing this upload: try again after `Retry-After`.',
  },
  UPLOAD_INCOMPLETE: {
    kind: 'conflict',
    title: 'Upload is incomplete',
    hint: 'Send the missing bytes first; the message states how many have arrived.',
  },
  UPLOAD_OFFSET_MISMATCH: {
    kind: 'conflict',
    title: 'Wrong offset',
    hint: 'Ask for the offset with `HEAD` and continue there.',
  },
  UPLOAD_SIZE_MISMATCH: {
    kind: 'invalid',
    title: 'Size differs from its declaration',
    hint: 'Send the number of bytes that was declared when the upload was created.',
  },
  UPLOAD_URL_INVALID: {
    kind: 'forbidden',
    title: 'Invalid URL of a part',
    hint: 'The URL was changed or has expired: get another one with `POST /api/uploads/multipart/{id}/parts`.',
  },
  TOO_MANY_UPLOADS: {
    kind: 'rate_limited',
    title: 'Too many open uploads',
    hint: 'Complete or abort uploads first: `GET /api/uploads?state=open` lists them.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
