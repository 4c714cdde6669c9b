import type { ErrorMeaning } from '../error-kind.js';

/** Codes of bugs in InferNode: please report them with the `requestId`. */
export const INTERNAL_CODES = {
  INTERNAL: {
    kind: 'internal',
    title: 'Internal server error',
    hint: 'The log has the details under the request id.',
  },
  BAD_ANSWER: {
    kind: 'internal',
    title: 'Bad answer of a process',
    hint: 'A process of the server answered in a form that is not understood.',
  },
  BAD_ORDER: {
    kind: 'internal',
    title: 'Bad request to a process',
    hint: 'A process of the server got a request that it does not understand.',
  },
  BROKEN_PLAN: {
    kind: 'internal',
    title: 'Broken job plan',
    hint: 'The stored plan of a job cannot be read.',
  },
  DESCRIPTOR_MISMATCH: {
    kind: 'internal',
    title: 'Descriptor mismatch',
    hint: 'Features of two detectors were compared.',
  },
  ENGINE_BUSY: { kind: 'internal', title: 'Engine busy', hint: 'A process of the server got a second job.' },
  ENGINE_EMPTY: {
    kind: 'internal',
    title: 'Engine without network',
    hint: 'A process of the server was asked before its network was loaded.',
  },
  FRONT_END_FAILED: {
    kind: 'internal',
    title: 'Feature pipeline failed',
    hint: 'A thread of the feature pipeline failed.',
  },
  GOAL_INVALID: {
    kind: 'internal',
    title: 'Invalid goal',
    hint: 'The goal of the servoing does not fit its camera.',
  },
  GOAL_MISSING: {
    kind: 'internal',
    title: 'Goal missing',
    hint: 'A step of the servoing came before its goal.',
  },
  IMAGE_FAILED: {
    kind: 'internal',
    title: 'Image not processed',
    hint: 'The process that decodes images failed.',
  },
  LEDGER_ROW_EXISTS: {
    kind: 'conflict',
    title: 'Ledger row exists',
    hint: 'The job has a ledger row of this kind already.',
  },
  MASK_FAILED: { kind: 'internal', title: 'Frames not read', hint: 'The process that reads frames failed.' },
  OBSERVATION_INVALID: {
    kind: 'internal',
    title: 'Invalid observation',
    hint: 'An observation of the servoing does not fit its goal.',
  },
  PICTURE_SHAPE: {
    kind: 'internal',
    title: 'Image of wrong size',
    hint: 'A decoded image has another size than it should.',
  },
  PRICE_MISSING: {
    kind: 'internal',
    title: 'Price missing',
    hint: 'The table of prices has no price for a unit of the task.',
  },
  RESULT_CORRUPT: {
    kind: 'internal',
    title: 'Stored result damaged',
    hint: 'A part of the stored result is damaged or missing.',
  },
  RESULT_MISSING: {
    kind: 'internal',
    title: 'Result missing',
    hint: 'The process of the job named a file that is not there.',
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
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
