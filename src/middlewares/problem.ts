import { AppError, type ErrorKind, type FieldIssue } from '../errors/app-error.js';
import { validationFailed, type TokenProblem } from '../errors/common-errors.js';

/** The only place where kinds of errors become HTTP statuses. */
const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  unauthenticated: 401,
  insufficient_credits: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unsupported_type: 415,
  invalid: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
  storage_full: 507,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition failed',
  413: 'Content too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  417: 'Expectation failed',
  422: 'Unprocessable content',
  429: 'Too many requests',
  431: 'Request header fields too large',
  500: 'Internal server error',
  503: 'Service unavailable',
  504: 'Gateway timeout',
  507: 'Insufficient storage',
};

/** Seconds that a client is asked to wait when the error does not say. */
const DEFAULT_RETRY_AFTER = 5;

/** An error that only exists in HTTP, such as 405; everything else is an {@link AppError}. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
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
    readonly code: string;
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
const CHALLENGES: Readonly<Partial<Record<string, string>>> = {
  TOKEN_MISSING: '',
  TOKEN_NOT_BEARER: '',
  INVALID_TOKEN: challengeOf('The access token is malformed or was not issued by this server'),
  TOKEN_EXPIRED: challengeOf('The access token has expired'),
  TOKEN_REVOKED: challengeOf('The access token has been revoked'),
} satisfies Record<TokenProblem, string>;

function headersOf(error: AppError): Record<string, string> {
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
const PARSER_ERRORS: Readonly<Record<string, [status: number, code: string, message: string]>> = {
  'entity.too.large': [413, 'BODY_TOO_LARGE', 'The body is larger than its limit.'],
  'entity.parse.failed': [400, 'MALFORMED_JSON', 'The body is not valid JSON.'],
  'encoding.unsupported': [
    415,
    'UNSUPPORTED_TYPE',
    'The Content-Encoding is not supported: send gzip, deflate, br, or the body as it is.',
  ],
  'charset.unsupported': [415, 'UNSUPPORTED_TYPE', 'The charset must be utf-8.'],
  'request.aborted': [400, 'REQUEST_ABORTED', 'The request ended early.'],
  'request.size.invalid': [400, 'MALFORMED_BODY', 'The body does not have the announced length.'],
  'parameters.too.many': [400, 'VALIDATION', 'The form has too many fields.'],
};

/** What SQLSTATEs of rejected input mean; other database errors are ours. */
function fromSqlState(state: string): AppError | HttpError | null {
  if (['22P02', '22P05', '22021', '22003', '22001', '22007', '22008'].includes(state)) {
    return validationFailed([
      { pointer: '', message: 'holds a value that cannot be stored', code: 'INVALID' },
    ]);
  }
  if (state === '53100') return new HttpError(507, 'STORAGE_FULL', 'The server has no disk space left.');
  if (state === '53300' || state === '57P01' || state === '57P03' || state.startsWith('08')) {
    return databaseUnavailable();
  }
  return null;
}

function databaseUnavailable(): AppError {
  return new AppError({
    code: 'DATABASE_UNAVAILABLE',
    kind: 'unavailable',
    message: 'The database cannot be reached at the moment.',
  });
}

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND']);

/** What the system says of a folder or disk that stopped taking files. */
const UNWRITABLE = new Set(['EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOTDIR']);

function storageUnwritable(code: string): AppError {
  return new AppError({
    code: 'STORAGE_UNWRITABLE',
    kind: 'unavailable',
    message: `The server cannot write its files at the moment (${code}).`,
  });
}

function textField(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field: unknown = Reflect.get(value, key);
  return typeof field === 'string' ? field : undefined;
}

/** Names the limit that a body is beyond, or the encoding that is not known, where the parser tells. */
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
function recognise(error: unknown): AppError | HttpError | null {
  if (error instanceof AppError || error instanceof HttpError) return error;
  const parser = PARSER_ERRORS[textField(error, 'type') ?? ''];
  if (parser) return new HttpError(parser[0], parser[1], withFacts(parser[2], error));
  if (error instanceof URIError || textField(error, 'code') === 'ERR_INVALID_URL') {
    return new HttpError(400, 'MALFORMED_URL', 'The path is not validly encoded.');
  }
  const name = textField(error, 'name') ?? '';
  if (name === 'AbortError') return new HttpError(...PARSER_ERRORS['request.aborted']);
  const cause: unknown = error instanceof Error ? (Reflect.get(error, 'parent') ?? error.cause) : undefined;
  const code = textField(error, 'code') ?? textField(cause, 'code') ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HttpError(507, 'STORAGE_FULL', 'The server has no disk space left.');
  }
  if (UNWRITABLE.has(code) && textField(error, 'syscall') !== undefined) return storageUnwritable(code);
  if (name.startsWith('SequelizeConnection') || CONNECTION_CODES.has(code)) return databaseUnavailable();
  return /^[0-9A-Z]{5}$/.test(code) ? fromSqlState(code) : null;
}

/** Whether an error is a bug or an outage that a person has to look at. */
export function isUnexpected(error: unknown): boolean {
  const known = recognise(error);
  if (known === null) return true;
  return known instanceof AppError && (known.kind === 'internal' || known.code === 'STORAGE_UNWRITABLE');
}

/** Translates anything thrown into its response. Unknown errors say nothing about themselves. */
export function toProblem(error: unknown, request: { id: string; path: string }): ProblemResponse {
  const known =
    recognise(error) ??
    new AppError({ code: 'INTERNAL', kind: 'internal', message: 'Something went wrong on our side.' });
  const status = known instanceof AppError ? STATUS_OF_KIND[known.kind] : known.status;
  const { code } = known;
  const detail = status === 500 ? 'Something went wrong on our side.' : known.message;
  return {
    status,
    headers: known instanceof AppError ? headersOf(known) : known.headers,
    body: {
      type: `/api/docs#${code}`,
      title: TITLES[status] ?? 'Error',
      status,
      detail,
      instance: request.path,
      code,
      requestId: request.id,
      errors: known instanceof AppError ? known.issues : [],
      success: false,
      message: detail,
      ...(/^\/v2(\/|$)/.test(request.path) && { error: detail }),
      ...(known instanceof AppError && publicDetails(known)),
    },
  };
}

/** Codes whose facts a client needs to act on: how many credits are missing, how many jobs wait. */
const PUBLIC_FACTS = new Set(['INSUFFICIENT_CREDITS', 'TOO_MANY_WAITING_JOBS']);

function publicDetails(error: AppError): Record<string, unknown> {
  return PUBLIC_FACTS.has(error.code) ? { ...error.details } : {};
}
