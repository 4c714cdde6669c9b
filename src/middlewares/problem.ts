import { AppError, type FieldIssue } from '../errors/app-error.js';
import { ERROR_CODES, type ErrorCode } from '../errors/codes.js';
import { validationFailed, type TokenProblem } from '../errors/common-errors.js';
import type { ErrorKind } from '../errors/error-kind.js';

/** The only place where kinds of errors become HTTP statuses. */
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
  internal: 500,
  unavailable: 503,
  timeout: 504,
  storage_full: 507,
};

/** Seconds that a client is asked to wait when the error does not say. */
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

/** An error as it goes over the wire. */
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
    /** The message again, where clients of the Open Inference protocol look for it: on `/v2` only. */
    readonly error?: string;
  };
}

const challengeOf = (description: string): string =>
  `, error="invalid_token", error_description="${description}"`;

/** What `WWW-Authenticate` says by the code of an error (RFC 6750, section 3): no `error` where no token was sent. */
const CHALLENGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  TOKEN_MISSING: '',
  TOKEN_NOT_BEARER: '',
  INVALID_TOKEN: challengeOf('The access token is malformed or was not issued by this server'),
  TOKEN_EXPIRED: challengeOf('The access token has expired'),
  TOKEN_REVOKED: challengeOf('The access token has been revoked'),
} satisfies Record<TokenProblem, string>;

function headersOf(error: AppError): Readonly<Record<string, string>> {
  if (error instanceof HttpError) return error.headers;
  const headers: Record<string, string> = {};
  const challenge = CHALLENGES[error.code];
  if (challenge !== undefined) headers['WWW-Authenticate'] = `Bearer realm="infernode"${challenge}`;
  const retryAfter =
    error.retryAfterSeconds ??
    (error.kind === 'unavailable' || error.kind === 'rate_limited' ? DEFAULT_RETRY_AFTER : undefined);
  if (retryAfter !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfter)));
  return headers;
}

/** Texts and codes for errors that Express's parsers raise; keyed by their `type`. */
const PARSER_ERRORS: Readonly<Record<string, readonly [code: ErrorCode, message: string]>> = {
  'entity.too.large': ['BODY_TOO_LARGE', 'The body is larger than its limit.'],
  'entity.parse.failed': ['MALFORMED_JSON', 'The body is not valid JSON.'],
  'encoding.unsupported': [
    'UNSUPPORTED_TYPE',
    'The Content-Encoding is not supported: send gzip, deflate, br, or the body as it is.',
  ],
  'charset.unsupported': ['UNSUPPORTED_TYPE', 'The charset must be utf-8.'],
  'request.aborted': ['REQUEST_ABORTED', 'The request ended early.'],
  'request.size.invalid': ['MALFORMED_BODY', 'The body does not have the announced length.'],
  'parameters.too.many': ['VALIDATION', 'The form has too many fields.'],
};

/** What SQLSTATEs of rejected input mean; other database errors are ours. */
function fromSqlState(state: string): AppError | null {
  if (['22P02', '22P05', '22021', '22003', '22001', '22007', '22008'].includes(state)) {
    return validationFailed([
      { pointer: '', message: 'holds a value that cannot be stored', code: 'INVALID' },
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

/** What the system says of a folder or disk that stopped taking files. */
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

/** Names the limit that a body exceeds, or the unknown encoding, if the parser reports it. */
function withFacts(message: string, error: unknown): string {
  const limit: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'limit') : undefined;
  if (typeof limit === 'number') return message.replace('its limit', `${String(limit)} bytes`);
  const encoding = textField(error, 'encoding');
  return encoding !== undefined && /^[\w.+-]{1,40}$/.test(encoding)
    ? message.replace('Content-Encoding', `Content-Encoding ${encoding}`)
    : message;
}

/** Gives foreign errors (parsers, router, database, disk) their meaning; null for bugs. */
function recognise(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  const parser = PARSER_ERRORS[textField(error, 'type') ?? ''];
  if (parser) return new AppError(parser[0], { message: withFacts(parser[1], error) });
  if (error instanceof URIError || textField(error, 'code') === 'ERR_INVALID_URL') {
    return new AppError('MALFORMED_URL', { message: 'The path is not validly encoded.' });
  }
  const name = textField(error, 'name') ?? '';
  if (name === 'AbortError') return new AppError('REQUEST_ABORTED', { message: 'The request ended early.' });
  const cause: unknown = error instanceof Error ? (Reflect.get(error, 'parent') ?? error.cause) : undefined;
  const code = textField(error, 'code') ?? textField(cause, 'code') ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('STORAGE_FULL', { message: 'The server has no disk space left.' });
  }
  if (UNWRITABLE.has(code) && textField(error, 'syscall') !== undefined) return storageUnwritable(code);
  if (name.startsWith('SequelizeConnection') || CONNECTION_CODES.has(code)) return databaseUnavailable();
  return /^[0-9A-Z]{5}$/.test(code) ? fromSqlState(code) : null;
}

/** Whether an error is a bug or an outage that a person has to look at. */
export function isUnexpected(error: unknown): boolean {
  const known = recognise(error);
  if (known === null) return true;
  return known.kind === 'internal' || known.code === 'STORAGE_UNWRITABLE';
}

/** Longest part of a path that an answer repeats: paths are the client's, and as long as a request's head may be. */
const LONGEST_PATH = 200;

/** A path as errors show it. */
export const shownPath = (path: string): string =>
  path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}...` : path;

/** Translates anything thrown into its response. Unknown errors say nothing about themselves. */
export function toProblem(error: unknown, request: { id: string; path: string }): ProblemResponse {
  const known =
    recognise(error) ?? new AppError('INTERNAL', { message: 'Something went wrong on our side.' });
  const status = STATUS_OF_KIND[known.kind];
  const { code } = known;
  const detail = status === 500 ? 'Something went wrong on our side.' : known.message;
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

/** Codes whose facts a client needs to act on: how many credits are missing, how many jobs wait. */
const PUBLIC_FACTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INSUFFICIENT_CREDITS',
  'TOO_MANY_WAITING_JOBS',
]);

function publicDetails(error: AppError): Record<string, unknown> {
  return PUBLIC_FACTS.has(error.code) ? { ...error.details } : {};
}
