import { ERROR_CODES, type ErrorCode } from './codes.js';
import type { ErrorKind } from './error-kind.js';

/** One problem with one field of the input; `pointer` is a JSON pointer (RFC 6901). */
export interface FieldIssue {
  readonly pointer: string;
  readonly message: string;
  readonly code: string;
}

/** What an {@link AppError} says beyond its code. */
export interface AppErrorInit {
  /** One sentence for the user that names the field, the value and the limit. */
  readonly message: string;
  /** Facts for logs and clients; never secrets, paths or stacks. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly issues?: readonly FieldIssue[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** The error class that crosses layers: a stable `code`, which is part of the API, and its `kind`, never an HTTP status. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  readonly details: Readonly<Record<string, unknown>>;
  readonly issues: readonly FieldIssue[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    init: AppErrorInit,
  ) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'AppError';
    this.kind = ERROR_CODES[code].kind;
    this.details = init.details ?? {};
    this.issues = init.issues ?? [];
    this.retryAfterSeconds = init.retryAfterSeconds;
  }
}

/** Kinds for which trying the same work again may succeed; everything else is final. */
const RETRYABLE: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout', 'storage_full', 'internal']);

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
