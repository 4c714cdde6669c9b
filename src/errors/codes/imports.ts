import type { ErrorMeaning } from '../error-kind.js';

/** Codes of imports from URLs. Most occur in the report of a URL rather than as the error of a request. */
export const IMPORT_CODES = {
  IMPORT_URL_REFUSED: {
    kind: 'invalid',
    title: 'URL refused',
    hint: 'Give a public http or https URL without user name, password and fragment, or an object of a bucket of `IMPORT_S3_BUCKETS`. Private, local and reserved addresses are refused, also after redirects.',
  },
  IMPORT_STATUS: {
    kind: 'invalid',
    title: 'The server does not serve the file',
    hint: 'Open the URL without signing in: it must answer 200 with the file. Links to a page about a file do not work.',
  },
  IMPORT_OBJECT_UNREADABLE: {
    kind: 'invalid',
    title: 'Object not readable',
    hint: 'Check bucket and key of the `s3://` URL, and that the account of the installation may read the object.',
  },
  IMPORT_ENCODED: {
    kind: 'invalid',
    title: 'The server compresses the file',
    hint: 'Serve the file without `Content-Encoding`.',
  },
  IMPORT_UNREACHABLE: {
    kind: 'unavailable',
    title: 'Server not reachable',
    hint: 'Check the host name and that the server is reachable from the internet.',
  },
  IMPORT_INTERRUPTED: {
    kind: 'unavailable',
    title: 'Transfer interrupted',
    hint: 'The server closed the connection before the file was complete, or the importing process ended. Import the URL again.',
  },
  IMPORT_TIMEOUT: {
    kind: 'timeout',
    title: 'Transfer too slow',
    hint: 'The server sent too little for too long. Import the URL from a faster server, or upload the file.',
  },
  TOO_MANY_IMPORTS: {
    kind: 'rate_limited',
    title: 'Too many unfinished imports',
    hint: 'Wait until files have been imported, or cancel imports.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
