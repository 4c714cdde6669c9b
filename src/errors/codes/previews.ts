import type { ErrorMeaning } from '../error-kind.js';

/** Codes of previews of stored media. */
export const PREVIEW_CODES = {
  PREVIEW_PENDING: {
    kind: 'conflict',
    title: 'Preview not ready',
    hint: 'Ask again after `Retry-After` seconds: the preview is waiting, or being made.',
  },
  PREVIEW_FAILED: {
    kind: 'not_found',
    title: 'Preview failed',
    hint: 'The message states why; an admin can have it made again.',
  },
  PREVIEW_NONE: {
    kind: 'not_found',
    title: 'No such preview',
    hint: 'Previews of this kind are not made of such files, or not by this server; an admin can ask for them.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
