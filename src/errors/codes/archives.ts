import type { ErrorMeaning } from '../error-kind.js';

/** Codes of archives of datasets. */
export const ARCHIVE_CODES = {
  DATASET_TOO_LARGE: {
    kind: 'too_large',
    title: 'Dataset too large for an archive',
    hint: 'The message states the limit: split the dataset, or download its files one by one.',
  },
  TOO_MANY_ARCHIVES: {
    kind: 'rate_limited',
    title: 'Too many downloads of archives',
    hint: 'Wait until another download of the same account has ended.',
  },
  ARCHIVE_MANIFEST_INVALID: {
    kind: 'invalid',
    title: 'Manifest of the archive not valid',
    hint: 'Send an archive as `GET /api/dataset/{id}/archive` returns it, with `manifest.json` at its top level.',
  },
  ARCHIVE_VERSION_UNSUPPORTED: {
    kind: 'invalid',
    title: 'Archive of a later version',
    hint: 'Update this installation, or export the dataset with the version named in the message.',
  },
  ARCHIVE_FILE_MISMATCH: {
    kind: 'invalid',
    title: 'Archive and manifest differ',
    hint: 'The message names the file that is missing, added or changed: export the dataset again.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
