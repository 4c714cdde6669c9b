import type { ErrorMeaning } from '../error-kind.js';

/** Codes of uploaded files: videos, images, masks and archives. What is refused is not stored and costs nothing. */
export const FILE_CODES = {
  EMPTY_FILE: { kind: 'invalid', title: 'Empty file', hint: 'Send a file with content.' },
  FILE_TOO_LARGE: {
    kind: 'too_large',
    title: 'File too large',
    hint: 'Send a file below the limit, which the message names.',
  },
  VIDEO_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged video',
    hint: 'Export the video again: it is cut off or damaged.',
  },
  VIDEO_TOO_LARGE: {
    kind: 'too_large',
    title: 'Video too large',
    hint: 'Scale the video down to the pixels that the message names.',
  },
  VIDEO_TOO_SMALL: {
    kind: 'invalid',
    title: 'Video too small',
    hint: 'Send a video whose sides have at least 16 pixels.',
  },
  NO_VIDEO_STREAM: { kind: 'invalid', title: 'No video stream', hint: 'Send a file that holds a video.' },
  UNSUPPORTED_CODEC: {
    kind: 'invalid',
    title: 'Unsupported codec',
    hint: 'Convert the video to one of the codecs that the message names.',
  },
  TOO_MANY_FRAMES: {
    kind: 'too_large',
    title: 'Too many frames',
    hint: 'Send a shorter video; the message has the limit.',
  },
  NO_VALID_VIDEOS: {
    kind: 'invalid',
    title: 'No usable video',
    hint: '`errors` says of every file of the archive what is wrong with it.',
  },
  NO_VALID_IMAGES: {
    kind: 'invalid',
    title: 'No usable image',
    hint: '`errors` says of every file of the archive what is wrong with it.',
  },
  NO_VALID_PAIRS: {
    kind: 'invalid',
    title: 'No usable pair',
    hint: '`errors` says of every file of the archive what is wrong with it.',
  },
  IMAGE_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged image',
    hint: 'Export the image again: it is cut off, damaged, or cannot be decoded within the limits of time and memory.',
  },
  IMAGE_TOO_LARGE: {
    kind: 'too_large',
    title: 'Image too large',
    hint: 'Scale the image down to the pixels that the message names.',
  },
  IMAGE_TOO_COMPLEX: {
    kind: 'invalid',
    title: 'Image too complex',
    hint: 'Save the image in a simpler form, such as without its layers or filters.',
  },
  MASK_SIZE_MISMATCH: {
    kind: 'invalid',
    title: 'Mask size mismatch',
    hint: 'Send a mask of the size of its image.',
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
  MASK_EMPTY: { kind: 'invalid', title: 'Empty mask', hint: 'Paint white what is to be filled.' },
  MASK_UNCLEAR: {
    kind: 'invalid',
    title: 'Unclear mask',
    hint: 'Paint white on black, or a strong colour over a copy of the image, or erase what is to be filled.',
  },
  RESOURCE_LIMIT: {
    kind: 'invalid',
    title: 'File needs too many resources',
    hint: 'The file needs more memory or processor time than one file may use: send it smaller or simpler.',
  },
  MEDIA_TIMEOUT: {
    kind: 'timeout',
    title: 'File took too long',
    hint: 'Reading the file took longer than one file may: send it shorter or smaller.',
  },
  MEDIA_MISSING: {
    kind: 'gone',
    title: 'Stored file missing',
    hint: 'Upload the file again; `npm run storage -- check` lists such files.',
  },
  ZIP_BAD_PATH: {
    kind: 'invalid',
    title: 'Bad path in archive',
    hint: 'Make the ZIP again with relative paths that stay inside of it.',
  },
  ZIP_LINK: {
    kind: 'invalid',
    title: 'Link in archive',
    hint: 'Make the ZIP again without links and special files.',
  },
  ZIP_TOO_LARGE: {
    kind: 'too_large',
    title: 'Archive too large',
    hint: 'Send a ZIP that unpacks to less; the message has the limit.',
  },
  ZIP_TOO_MANY: {
    kind: 'too_large',
    title: 'Too many files in archive',
    hint: 'Split the ZIP; the message has the limit.',
  },
  ZIP_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged archive',
    hint: 'Make the ZIP again: it is cut off or damaged.',
  },
  ZIP_ENCRYPTED: { kind: 'invalid', title: 'Encrypted archive', hint: 'Make the ZIP without a password.' },
  ZIP_METHOD: {
    kind: 'invalid',
    title: 'Unsupported compression',
    hint: 'Make the ZIP with the method deflate or store.',
  },
  ZIP_DUPLICATE: {
    kind: 'invalid',
    title: 'Duplicate file in archive',
    hint: 'Give every file of the ZIP a different name.',
  },
  ZIP_SPLIT: { kind: 'invalid', title: 'Split archive', hint: 'Join the parts, or make a ZIP in one part.' },
  ZIP_EMPTY: { kind: 'invalid', title: 'Empty archive', hint: 'Put files into the ZIP.' },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
