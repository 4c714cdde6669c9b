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
  UPLOAD_CHECKSUM_MISMATCH: {
    kind: 'checksum_mismatch',
    title: 'Checksum mismatch',
    hint: 'The bytes were damaged on their way and are not kept: send them again.',
  },
  UPLOAD_EXTENSION_UNSUPPORTED: {
    kind: 'malformed',
    title: 'Extension of tus not supported',
    hint: '`OPTIONS` of the route lists the supported extensions and checksum algorithms.',
  },
  UPLOAD_URL_INVALID: {
    kind: 'forbidden',
    title: 'Invalid URL of a part',
    hint: 'The URL was changed or has expired: get another one with `POST /api/uploads/multipart/{id}/parts`.',
  },
  TUS_REQUEST_INVALID: {
    kind: 'malformed',
    title: 'Invalid tus request',
    hint: 'Send the headers of tus 1.0; the message names the wrong one.',
  },
  TUS_VERSION_UNSUPPORTED: {
    kind: 'precondition_failed',
    title: 'Version of tus not supported',
    hint: 'Send `Tus-Resumable: 1.0.0`.',
  },
  TOO_MANY_UPLOADS: {
    kind: 'rate_limited',
    title: 'Too many open uploads',
    hint: 'Complete or abort uploads first: `GET /api/uploads?state=open` lists them.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
