import type { ErrorMeaning } from '../error-kind.js';

/** Codes of bugs in InferNode: please report them with the `requestId`. */
export const INTERNAL_CODES = {
  INTERNAL: {
    kind: 'internal',
    title: 'Internal server error',
    hint: 'The log contains the details under the request id.',
  },
  BAD_ANSWER: {
    kind: 'internal',
    title: 'Bad answer of a process',
    hint: 'A server process sent a response that could not be parsed.',
  },
  BAD_ORDER: {
    kind: 'internal',
    title: 'Bad request to a process',
    hint: 'A server process received a request that it could not parse.',
  },
  BROKEN_PLAN: {
    kind: 'internal',
    title: 'Broken job plan',
    hint: 'The stored plan of a job cannot be read.',
  },
  DESCRIPTOR_MISMATCH: {
    kind: 'internal',
    title: 'Descriptor mismatch',
    hint: 'Features of two different detectors were compared.',
  },
  ENGINE_BUSY: {
    kind: 'internal',
    title: 'Engine busy',
    hint: 'A server process received a second job while busy.',
  },
  ENGINE_EMPTY: {
    kind: 'internal',
    title: 'Engine without network',
    hint: 'A server process received a request before its network was loaded.',
  },
  FRONT_END_FAILED: {
    kind: 'internal',
    title: 'Feature pipeline failed',
    hint: 'A thread of the feature pipeline failed.',
  },
  GOAL_INVALID: {
    kind: 'internal',
    title: 'Invalid goal',
    hint: 'The servoing goal has arrays of inconsistent sizes.',
  },
  GOAL_MISSING: {
    kind: 'internal',
    title: 'Goal missing',
    hint: 'A servoing step was requested before a goal was set.',
  },
  IMAGE_FAILED: {
    kind: 'internal',
    title: 'Image not processed',
    hint: 'The image decoding process failed.',
  },
  MASK_FAILED: { kind: 'internal', title: 'Frames not read', hint: 'The frame decoding process failed.' },
  OBSERVATION_INVALID: {
    kind: 'internal',
    title: 'Invalid observation',
    hint: 'A servoing observation does not match the size of its goal.',
  },
  PICTURE_SHAPE: {
    kind: 'internal',
    title: 'Image of wrong size',
    hint: 'A decoded image has an unexpected size.',
  },
  PREVIEW_NOT_MADE: {
    kind: 'internal',
    title: 'Preview not made',
    hint: 'The process that makes previews failed, or exceeded `PREVIEW_TIMEOUT` or its memory; it is tried three times.',
  },
  PRICE_MISSING: {
    kind: 'internal',
    title: 'Price missing',
    hint: 'The price table has no price for a unit of the task.',
  },
  RESULT_CORRUPT: {
    kind: 'internal',
    title: 'Stored result damaged',
    hint: 'A part of the stored result is damaged or missing.',
  },
  RESULT_MISSING: {
    kind: 'internal',
    title: 'Result missing',
    hint: 'The process of the job reported a result file that does not exist.',
  },
  SESSION_CLOSED: {
    kind: 'internal',
    title: 'Network closed',
    hint: 'A network was run after it was closed.',
  },
  VIDEO_NOT_WRITTEN: {
    kind: 'internal',
    title: 'Video not written',
    hint: 'FFmpeg could not write the result.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning & { readonly kind: 'internal' }>>;
