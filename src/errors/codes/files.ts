import type { ErrorMeaning } from '../error-kind.js';

/** Codes of uploaded files: videos, images, masks and archives. Rejected files are not stored or charged. */
export const FILE_CODES = {
  EMPTY_FILE: { kind: 'invalid', title: 'Empty file', hint: 'Send a file with content.' },
  STORAGE_QUOTA_EXCEEDED: {
    kind: 'too_large',
    title: 'Storage quota exceeded',
    hint: 'Delete datasets, or ask an admin for more storage; `left` is what is left of `limit` bytes.',
  },
  UPLOAD_QUOTA_EXCEEDED: {
    kind: 'rate_limited',
    title: 'Upload quota exceeded',
    hint: 'Upload again after `resetsAt`; `left` is what is left of the `limit` bytes per day.',
  },
  FILE_TOO_LARGE: {
    kind: 'too_large',
    title: 'File too large',
    hint: 'Send a smaller file; the message states the limit.',
  },
  VIDEO_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged video',
    hint: 'Export the video again: it is truncated or damaged.',
  },
  VIDEO_TOO_LARGE: {
    kind: 'too_large',
    title: 'Video too large',
    hint: 'Scale the video down to the number of pixels given in the message.',
  },
  VIDEO_TOO_SMALL: {
    kind: 'invalid',
    title: 'Video too small',
    hint: 'Send a video whose sides have at least 16 pixels.',
  },
  NO_VIDEO_STREAM: {
    kind: 'invalid',
    title: 'No video stream',
    hint: 'Send a file that contains a video stream.',
  },
  UNSUPPORTED_CODEC: {
    kind: 'invalid',
    title: 'Unsupported codec',
    hint: 'Convert the video to one of the codecs listed in the message.',
  },
  TOO_MANY_FRAMES: {
    kind: 'too_large',
    title: 'Too many frames',
    hint: 'Send a shorter video; the message states the limit.',
  },
  NO_VALID_VIDEOS: {
    kind: 'invalid',
    title: 'No usable video',
    hint: '`errors` lists the problem of every file in the archive.',
  },
  NO_VALID_IMAGES: {
    kind: 'invalid',
    title: 'No usable image',
    hint: '`errors` lists the problem of every file in the archive.',
  },
  NO_VALID_PAIRS: {
    kind: 'invalid',
    title: 'No usable pair',
    hint: '`errors` lists the problem of every file in the archive.',
  },
  IMAGE_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged image',
    hint: 'Export the image again: it is truncated, damaged, or cannot be decoded within the limits of time and memory.',
  },
  IMAGE_TOO_LARGE: {
    kind: 'too_large',
    title: 'Image too large',
    hint: 'Scale the image down to the number of pixels given in the message.',
  },
  IMAGE_TOO_COMPLEX: {
    kind: 'invalid',
    title: 'Image too complex',
    hint: 'Save the image in a simpler form, for example without layers or filters.',
  },
  MASK_SIZE_MISMATCH: {
    kind: 'invalid',
    title: 'Mask size mismatch',
    hint: 'Send a mask with the same size as its image.',
  },
  MASK_KIND_MISMATCH: {
    kind: 'invalid',
    title: 'Mask of another kind',
    hint: 'Send an image as the mask of an image.',
  },
  MASK_NOT_BINARY: {
    kind: 'invalid',
    title: 'Mask not binary',
    hint: 'Paint the mask in pure black and white.',
  },
  MASK_ALL_HOLE: {
    kind: 'invalid',
    title: 'Mask covers everything',
    hint: 'Leave part of the image unmasked.',
  },
  MASK_EMPTY: { kind: 'invalid', title: 'Empty mask', hint: 'Paint the area to fill in white.' },
  MASK_UNCLEAR: {
    kind: 'invalid',
    title: 'Unclear mask',
    hint: 'Paint white on black, paint a strong colour over a copy of the image, or erase the area to fill.',
  },
  MASK_SHAPE_OUTSIDE: {
    kind: 'invalid',
    title: 'Mask shape outside of the image',
    hint: 'Keep all coordinates within the image: 0 to its width and height in pixels, 0 to 1 in fractions.',
  },
  RESOURCE_LIMIT: {
    kind: 'invalid',
    title: 'File needs too many resources',
    hint: 'Processing the file exceeded the limit of memory or processor time per file: send a smaller or simpler file.',
  },
  MEDIA_TIMEOUT: {
    kind: 'timeout',
    title: 'File took too long',
    hint: 'Reading the file exceeded the time limit per file: send a shorter or smaller file.',
  },
  MEDIA_MISSING: {
    kind: 'gone',
    title: 'Stored file missing',
    hint: 'Upload the file again; `npm run storage -- check` lists such files.',
  },
  MEDIA_DAMAGED: {
    kind: 'gone',
    title: 'Stored file damaged',
    hint: 'The stored bytes do not have the checksum they were stored with: upload the file again, or restore it from a backup.',
  },
  CONTENT_MISMATCH: {
    kind: 'invalid',
    title: 'Content differs from its declaration',
    hint: 'The received bytes differ from the declared size or checksum: send them again.',
  },
  MULTIPART_NOT_FOUND: {
    kind: 'not_found',
    title: 'Multipart upload not found',
    hint: 'The multipart upload was completed, aborted or has expired: create another one.',
  },
  MULTIPART_PARTS_INVALID: {
    kind: 'invalid',
    title: 'Parts do not fit',
    hint: 'List the parts in ascending order with the ETags that their uploads returned; all but the last have at least 5 MiB.',
  },
  RECORDING_MISSING: {
    kind: 'gone',
    title: 'Recording missing',
    hint: 'The recording of the session was removed or is not on this machine; api and worker must share `MEDIA_DIR`.',
  },
  RECORDING_EMPTY: {
    kind: 'gone',
    title: 'Recording empty',
    hint: 'The server could not record the session, for example because its disk was full.',
  },
  ZIP_BAD_PATH: {
    kind: 'invalid',
    title: 'Bad path in archive',
    hint: 'Create the ZIP again with relative paths that stay inside it.',
  },
  ZIP_LINK: {
    kind: 'invalid',
    title: 'Link in archive',
    hint: 'Create the ZIP again without links and special files.',
  },
  ZIP_TOO_LARGE: {
    kind: 'too_large',
    title: 'Archive too large',
    hint: 'Send a ZIP with less content; the message states the limit.',
  },
  ZIP_TOO_MANY: {
    kind: 'too_large',
    title: 'Too many files in archive',
    hint: 'Split the ZIP; the message states the limit.',
  },
  ZIP_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged archive',
    hint: 'Create the ZIP again: it is truncated or damaged.',
  },
  ZIP_ENCRYPTED: { kind: 'invalid', title: 'Encrypted archive', hint: 'Create the ZIP without a password.' },
  ZIP_METHOD: {
    kind: 'invalid',
    title: 'Unsupported compression',
    hint: 'Create the ZIP with the compression method deflate or store.',
  },
  ZIP_DUPLICATE: {
    kind: 'invalid',
    title: 'Duplicate file in archive',
    hint: 'Give every file in the ZIP a unique name.',
  },
  ZIP_SPLIT: {
    kind: 'invalid',
    title: 'Split archive',
    hint: 'Join the parts, or create the ZIP in one part.',
  },
  ZIP_EMPTY: { kind: 'invalid', title: 'Empty archive', hint: 'Add files to the ZIP.' },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
