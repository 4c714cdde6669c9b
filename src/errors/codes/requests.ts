import type { ErrorMeaning } from '../error-kind.js';

/** Codes of requests, accounts, credits and connections. */
export const REQUEST_CODES = {
  VALIDATION: {
    kind: 'malformed',
    title: 'Invalid request',
    hint: 'Correct every field listed in `errors`.',
  },
  MALFORMED_JSON: {
    kind: 'malformed',
    title: 'Malformed JSON',
    hint: 'Send the body as valid JSON in UTF-8.',
  },
  MALFORMED_BODY: {
    kind: 'malformed',
    title: 'Malformed body',
    hint: 'Send as many bytes as announced, in the announced encoding.',
  },
  MALFORMED_REQUEST: {
    kind: 'malformed',
    title: 'Malformed request',
    hint: 'Send valid HTTP with exactly one `Host` header.',
  },
  MALFORMED_URL: {
    kind: 'malformed',
    title: 'Malformed URL',
    hint: 'Percent-encode the path and the query as UTF-8.',
  },
  BAD_MULTIPART: {
    kind: 'malformed',
    title: 'Malformed form',
    hint: 'Send a complete `multipart/form-data` body with its boundary.',
  },
  TOO_MANY_FILES: {
    kind: 'malformed',
    title: 'Too many files',
    hint: 'Send only the files named in the message.',
  },
  CHUNKS_TOO_SMALL: {
    kind: 'malformed',
    title: 'Chunks too small',
    hint: 'Send larger chunks, or the whole body with its `Content-Length`: after 10 000 chunks, those of a body must average at least 8 bytes, and the body may be at most 8 times larger on the wire than its content.',
  },
  PASSWORD_TOO_SHORT: {
    kind: 'malformed',
    title: 'Password too short',
    hint: 'Choose a password of at least 8 bytes.',
  },
  PASSWORD_TOO_LONG: {
    kind: 'malformed',
    title: 'Password too long',
    hint: 'Choose a password of at most 72 bytes.',
  },
  INVALID_AMOUNT: {
    kind: 'malformed',
    title: 'Invalid amount',
    hint: 'Send credits with at most six decimals that do not exceed the largest balance.',
  },
  CLIENT_GONE: {
    kind: 'malformed',
    title: 'Client disconnected',
    hint: 'In the log only: the client disconnected before the response.',
  },
  REQUEST_ABORTED: {
    kind: 'malformed',
    title: 'Request aborted',
    hint: 'In the log only: the client disconnected before the request was complete.',
  },
  INSUFFICIENT_CREDITS: {
    kind: 'insufficient_credits',
    title: 'Insufficient credits',
    hint: 'Ask an administrator for the missing credits; the message states the amount. Nothing was changed.',
  },
  FORBIDDEN: { kind: 'forbidden', title: 'Forbidden', hint: 'Use an account with the admin role.' },
  INVALID_LINK: {
    kind: 'forbidden',
    title: 'Invalid download link',
    hint: 'Fetch the result again for a new link.',
  },
  ORIGIN_NOT_ALLOWED: {
    kind: 'forbidden',
    title: 'Origin not allowed',
    hint: 'Open the WebSocket from a page of the server, or ask the operator to list the origin of the page in `CORS_ORIGINS`.',
  },
  CROSS_SITE: {
    kind: 'forbidden',
    title: 'Cross-site form',
    hint: 'Open the admin page and submit its form there.',
  },
  NOT_FOUND: {
    kind: 'not_found',
    title: 'Not found',
    hint: 'Check the id and the path: the object does not exist, or belongs to another user.',
  },
  METHOD_NOT_ALLOWED: {
    kind: 'method_not_allowed',
    title: 'Method not allowed',
    hint: 'Use one of the methods in the header `Allow`.',
  },
  REQUEST_TIMEOUT: {
    kind: 'request_timeout',
    title: 'Request timeout',
    hint: 'Send the headers within 20 seconds and the whole request within an hour.',
  },
  BODY_TIMEOUT: {
    kind: 'request_timeout',
    title: 'Body timeout',
    hint: 'Send the body without pauses: no bytes arrived for `BODY_IDLE_SECONDS`, or fewer than `BODY_MIN_BYTES_PER_SECOND` on average.',
  },
  EMAIL_TAKEN: {
    kind: 'conflict',
    title: 'E-mail address taken',
    hint: 'Sign in, or register with another address.',
  },
  DATASET_NAME_TAKEN: { kind: 'conflict', title: 'Dataset name taken', hint: 'Choose another name.' },
  CONFLICT: {
    kind: 'conflict',
    title: 'Conflict',
    hint: 'The object already exists: use it, or choose another name.',
  },
  REFERENCE_MISSING: {
    kind: 'conflict',
    title: 'Reference missing',
    hint: 'An object that the request refers to was removed meanwhile: read the list again.',
  },
  IDEMPOTENCY_IN_FLIGHT: {
    kind: 'conflict',
    title: 'Request in progress',
    hint: 'Send the same request again after `Retry-After`.',
  },
  IDEMPOTENCY_KEY_CONTENDED: {
    kind: 'conflict',
    title: 'Idempotency key contended',
    hint: 'Too many concurrent requests use the same `Idempotency-Key`: retry.',
  },
  IDEMPOTENCY_MISMATCH: {
    kind: 'invalid',
    title: 'Idempotency key reused',
    hint: 'Use a new `Idempotency-Key` for a different request.',
  },
  PRECONDITION_FAILED: {
    kind: 'precondition_failed',
    title: 'Precondition failed',
    hint: 'Read the dataset again and send its new `ETag` as `If-Match`.',
  },
  BODY_TOO_LARGE: {
    kind: 'too_large',
    title: 'Body too large',
    hint: 'Send a smaller body; the message states the limit.',
  },
  UNSUPPORTED_TYPE: {
    kind: 'unsupported_type',
    title: 'Unsupported media type',
    hint: 'Send one of the types or encodings listed in the message; the type of a file is detected from its content.',
  },
  RANGE_NOT_SATISFIABLE: {
    kind: 'range_not_satisfiable',
    title: 'Range not satisfiable',
    hint: 'Request a range within the file; `Content-Range` gives its size.',
  },
  EXPECTATION_FAILED: {
    kind: 'expectation_failed',
    title: 'Expectation failed',
    hint: 'Do not send an `Expect` header other than `100-continue`.',
  },
  HEADERS_TOO_LARGE: {
    kind: 'headers_too_large',
    title: 'Request headers too large',
    hint: 'Keep the request line and the headers below 16 KB.',
  },
  RATE_LIMITED: {
    kind: 'rate_limited',
    title: 'Too many requests',
    hint: 'Wait for the time given in `Retry-After`.',
  },
  REQUEST_QUOTA_EXCEEDED: {
    kind: 'rate_limited',
    title: 'Too many requests of this account',
    hint: 'Wait for the time given in `Retry-After`; `GET /api/user/quota` shows what is left.',
  },
  DATABASE_UNAVAILABLE: {
    kind: 'unavailable',
    title: 'Database unavailable',
    hint: 'Retry after `Retry-After`.',
  },
  DATABASE_BUSY: { kind: 'unavailable', title: 'Database busy', hint: 'Retry after `Retry-After`.' },
  DATABASE_TIMEOUT: {
    kind: 'unavailable',
    title: 'Database timeout',
    hint: 'Retry after `Retry-After`.',
  },
  BUSY: { kind: 'unavailable', title: 'Server busy', hint: 'Retry after `Retry-After`.' },
  OUT_OF_MEMORY: {
    kind: 'unavailable',
    title: 'Request memory exhausted',
    hint: 'The bodies of all requests together exceed `BODY_MEMORY_MB`: retry after `Retry-After`.',
  },
  SHUTTING_DOWN: {
    kind: 'unavailable',
    title: 'Shutting down',
    hint: 'Retry: the process is shutting down.',
  },
  STORAGE_UNWRITABLE: {
    kind: 'unavailable',
    title: 'Storage not writable',
    hint: "The server's folders are not writable at the moment, for example because a disk became read-only. Nothing was stored or charged; the operator must make them writable.",
  },
  STORAGE_UNREACHABLE: {
    kind: 'unavailable',
    title: 'Object storage unavailable',
    hint: 'Retry after `Retry-After`. The S3 storage of the server did not respond or refused a request, in spite of retries; the log contains the reason.',
  },
  STORAGE_FULL: {
    kind: 'storage_full',
    title: 'Insufficient storage',
    hint: 'The disk of the server is full, or its reserve is reached: the operator must free disk space. Jobs are retried automatically.',
  },
  BAD_MESSAGE: {
    kind: 'malformed',
    title: 'Malformed message',
    hint: 'WebSocket only: send one of the documented messages as JSON.',
  },
  NOT_AUTHENTICATED: {
    kind: 'unauthenticated',
    title: 'Not authenticated',
    hint: 'WebSocket only: send `authenticate` with a token first.',
  },
  TOO_MANY_CONNECTIONS: {
    kind: 'rate_limited',
    title: 'Too many connections',
    hint: 'Close WebSocket connections or event streams of the same user.',
  },
  TOO_MANY_SUBSCRIPTIONS: {
    kind: 'rate_limited',
    title: 'Too many subscriptions',
    hint: 'WebSocket only: unsubscribe from jobs that are finished.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
