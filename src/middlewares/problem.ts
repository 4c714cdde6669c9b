import { AppError, type FieldIssue } from '../errors/app-error.js';
import { ERROR_CODES, type ErrorCode } from '../errors/codes.js';
import { validationFailed, type TokenProblem } from '../errors/common-errors.js';
import type { ErrorKind } from '../errors/error-kind.js';

/** HTTP status of each error kind. The only such mapping. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  unauthenticated: 401,
  insufficient_credits: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unsupported_type: 415,
  range_not_satisfiable: 416,
  expectation_failed: 417,
  invalid: 422,
  rate_limited: 429,
  headers_too_large: 431,
  // Defined by tus.
  checksum_mismatch: 460,
  internal: 500,
  unavailable: 503,
  timeout: 504,
  storage_full: 507,
};

/** Retry-After in seconds when the error does not specify it. */
const DEFAULT_RETRY_AFTER = 5;

/** An error whose response needs additional headers, such as 405 with `Allow`. */
export class HttpError extends AppError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, { message });
    this.name = 'HttpError';
  }
}

/** The response to an error. */
export interface ProblemResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly detail: string;
    readonly instance: string;
    readonly code: ErrorCode;
    readonly requestId: string;
    readonly errors: readonly FieldIssue[];
    readonly success: false;
    readonly message: string;
    /** The message in the field where clients of the Open Inference protocol expect it; only under `/v2`. */
    readonly error?: string;
  };
}

const challengeOf = (description: string): string =>
  `, error="invalid_token", error_description="${description}"`;

/**
 * Parameters of `WWW-Authenticate` by error code (RFC 6750, section 3). There is no `error` when no token was
 * sent.
 */
const CHALLENGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  TOKEN_MISSING: '',
  TOKEN_NOT_BEARER: '',
  INVALID_TOKEN: challengeOf('The access token is malformed or was not issued by this server'),
  TOKEN_EXPIRED: challengeOf('The access token has expired'),
  TOKEN_REVOKED: challengeOf('The access token has been revoked'),
  INVALID_TICKET: challengeOf('The ticket was used or is too old'),
  CREDENTIALS_AMBIGUOUS: '',
} satisfies Partial<Record<TokenProblem, string>>;

/** The same for API keys, under the scheme that carries them. */
const KEY_CHALLENGES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INVALID_API_KEY',
  'API_KEY_EXPIRED',
  'API_KEY_REVOKED',
]);

function headersOf(error: AppError): Readonly<Record<string, string>> {
  if (error instanceof HttpError) return error.headers;
  const headers: Record<string, string> = {};
  const challenge = CHALLENGES[error.code];
  if (challenge !== undefined) headers['WWW-Authenticate'] = `Bearer realm="infernode"${challenge}`;
  if (KEY_CHALLENGES.has(error.code)) headers['WWW-Authenticate'] = 'Api-Key realm="infernode"';
  const retryAfter =
    error.retryAfterSeconds ??
    (error.kind === 'unavailable' || error.kind === 'rate_limited' ? DEFAULT_RETRY_AFTER : undefined);
  if (retryAfter !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfter)));
  return headers;
}

/** Codes and messages for errors of Express's body parsers, by their `type`. */
const PARSER_ERRORS: Readonly<Record<string, readonly [code: ErrorCode, message: string]>> = {
  'entity.too.large': ['BODY_TOO_LARGE', 'The body is larger than its limit.'],
  'entity.parse.failed': ['MALFORMED_JSON', 'The body is not valid JSON.'],
  'encoding.unsupported': [
    'UNSUPPORTED_TYPE',
    'The Content-Encoding is not supported: send gzip, deflate, br, or an uncompressed body.',
  ],
  'charset.unsupported': ['UNSUPPORTED_TYPE', 'The charset must be utf-8.'],
  'request.aborted': ['REQUEST_ABORTED', 'The client disconnected before the end of the request body.'],
  'request.size.invalid': ['MALFORMED_BODY', 'The length of the body differs from Content-Length.'],
  'parameters.too.many': ['VALIDATION', 'The form has too many fields.'],
};

/** The error for SQLSTATEs caused by the input; null for other database errors, which are internal. */
function fromSqlState(state: string): AppError | null {
  if (['22P02', '22P05', '22021', '22003', '22001', '22007', '22008'].includes(state)) {
    return validationFailed([
      { pointer: '', message: 'contains a value that cannot be stored', code: 'INVALID' },
    ]);
  }
  if (state === '53100')
    return new AppError('STORAGE_FULL', { message: 'The server has no disk space left.' });
  if (state === '53300' || state === '57P01' || state === '57P03' || state.startsWith('08')) {
    return databaseUnavailable();
  }
  return null;
}

function databaseUnavailable(): AppError {
  return new AppError('DATABASE_UNAVAILABLE', { message: 'The database cannot be reached at the moment.' });
}

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND']);

/** System error codes of a folder or disk that cannot be written. */
const UNWRITABLE = new Set(['EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOTDIR']);

function storageUnwritable(code: string): AppError {
  return new AppError('STORAGE_UNWRITABLE', {
    message: `The server cannot write its files at the moment (${code}).`,
  });
}

function textField(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field: unknown = Reflect.get(value, key);
  return typeof field === 'string' ? field : undefined;
}

/** Adds the exceeded limit or the unknown encoding to the message, if the parser reports it. */
function withFacts(message: string, error: unknown): string {
  const limit: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'limit') : undefined;
  if (typeof limit === 'number') return message.replace('its limit', `${String(limit)} bytes`);
  const encoding = textField(error, 'encoding');
  return encoding !== undefined && /^[\w.+-]{1,40}$/.test(encoding)
    ? message.replace('Content-Encoding', `Content-Encoding ${encoding}`)
    : message;
}

/** Translates errors of libraries (parsers, router, database, disk); null for unknown errors. */
function recognise(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  const parser = PARSER_ERRORS[textField(error, 'type') ?? ''];
  if (parser) return new AppError(parser[0], { message: withFacts(parser[1], error) });
  if (error instanceof URIError || textField(error, 'code') === 'ERR_INVALID_URL') {
    return new AppError('MALFORMED_URL', { message: 'The path contains an invalid percent-encoding.' });
  }
  const name = textField(error, 'name') ?? '';
  if (name === 'AbortError')
    return new AppError('REQUEST_ABORTED', {
      message: 'The client disconnected before the end of the request body.',
    });
  const cause: unknown = error instanceof Error ? (Reflect.get(error, 'parent') ?? error.cause) : undefined;
  const code = textField(error, 'code') ?? textField(cause, 'code') ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('STORAGE_FULL', { message: 'The server has no disk space left.' });
  }
  if (UNWRITABLE.has(code) && textField(error, 'syscall') !== undefined) return storageUnwritable(code);
  if (name.startsWith('SequelizeConnection') || CONNECTION_CODES.has(code)) return databaseUnavailable();
  return /^[0-9A-Z]{5}$/.test(code) ? fromSqlState(code) : null;
}

/** Whether an error is a bug or an outage that requires an operator's attention. */
export function isUnexpected(error: unknown): boolean {
  const known = recognise(error);
  if (known === null) return true;
  return known.kind === 'internal' || known.code === 'STORAGE_UNWRITABLE';
}

/** Maximum length of a path in a response. Paths come from clients and may be as long as a request head. */
const MAX_PATH_LENGTH = 200;

/** A path shortened for error responses. */
export const shownPath = (path: string): string =>
  path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}...` : path;

/** Translates any thrown value into its response. Unknown errors are answered without details. */
export function toProblem(error: unknown, request: { id: string; path: string }): ProblemResponse {
  const known = recognise(error) ?? new AppError('INTERNAL', { message: 'An internal error occurred.' });
  const status = STATUS_OF_KIND[known.kind];
  const { code } = known;
  const detail = status === 500 ? 'An internal error occurred.' : known.message;
  return {
    status,
    headers: headersOf(known),
    body: {
      type: `/api/docs#${code}`,
      title: ERROR_CODES[code].title,
      status,
      detail,
      instance: shownPath(request.path),
      code,
      requestId: request.id,
      errors: known.issues,
      success: false,
      message: detail,
      ...(/^\/v2(\/|$)/.test(request.path) && { error: detail }),
      ...publicDetails(known),
    },
  };
}

/**
 * Codes whose details are shown because a client needs them, such as missing credits, the number of waiting jobs
 * or what is left of a quota.
 */
const PUBLIC_FACTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INSUFFICIENT_CREDITS',
  'TOO_MANY_WAITING_JOBS',
  'SCOPE_MISSING',
  'STORAGE_QUOTA_EXCEEDED',
  'UPLOAD_QUOTA_EXCEEDED',
  'REQUEST_QUOTA_EXCEEDED',
]);

function publicDetails(error: AppError): Record<string, unknown> {
  return PUBLIC_FACTS.has(error.code) ? { ...error.details } : {};
}
