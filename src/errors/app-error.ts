/** What went wrong in terms of the caller; the HTTP and the worker edge each translate it once. */
export type ErrorKind =
  | 'malformed'
  | 'invalid'
  | 'unauthenticated'
  | 'insufficient_credits'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_type'
  | 'storage_full'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'internal';

/** One problem with one field of the input; `pointer` is a JSON pointer (RFC 6901). */
export interface FieldIssue {
  readonly pointer: string;
  readonly message: string;
  readonly code: string;
}

/** Everything an {@link AppError} is made of. */
export interface AppErrorInit {
  /** Stable machine-readable code in UPPER_SNAKE_CASE, part of the API. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** One sentence for the user that names the field, the value and the limit. */
  readonly message: string;
  /** Facts for logs and clients; never secrets, paths or stacks. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly issues?: readonly FieldIssue[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** The only error class that crosses layers: a stable `code`, a `kind`, never an HTTP status. */
export class AppError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly details: Readonly<Record<string, unknown>>;
  readonly issues: readonly FieldIssue[];
  readonly retryAfterSeconds: number | undefined;

  constructor(init: AppErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'AppError';
    this.code = init.code;
    this.kind = init.kind;
    this.details = init.details ?? {};
    this.issues = init.issues ?? [];
    this.retryAfterSeconds = init.retryAfterSeconds;
  }
}

/** Kinds for which trying the same work again may succeed; everything else is final. */
const RETRYABLE: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout', 'internal']);

/**
 * Whether a worker may try the same job again after `error`.
 * Unknown errors are bugs or infrastructure: they are retried up to the attempt limit.
 */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError ? RETRYABLE.has(error.kind) : true;
}

/** The message of anything thrown, for logs and job rows. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
