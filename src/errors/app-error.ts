import { ERROR_CODES, type ErrorCode } from './codes.js';
import type { ErrorKind } from './error-kind.js';

/** One problem with one field of the input; `pointer` is a JSON pointer (RFC 6901). */
export interface FieldIssue {
  readonly pointer: string;
  readonly message: string;
  readonly code: string;
}

/** Content of an {@link AppError} in addition to its code. */
export interface AppErrorInit {
  /** One sentence for the user naming field, value and limit. */
  readonly message: string;
  /** Facts for logs and clients; never secrets, paths or stack traces. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly issues?: readonly FieldIssue[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/**
 * The error class used across layers: a stable `code`, which is part of the API, and its `kind`, never an HTTP status.
 */
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

/** Kinds for which a retry of the same work may succeed; all others are final. */
const RETRYABLE: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout', 'storage_full', 'internal']);

/**
 * Whether a worker may retry the job after `error`. Unknown errors are bugs or infrastructure problems and are retried
 * up to the attempt limit.
 */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError ? RETRYABLE.has(error.kind) : true;
}

/** Message of any thrown value, for logs and job rows. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
