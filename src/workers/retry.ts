import pRetry from 'p-retry';
import { AppError } from '../errors/app-error.js';
import type { ErrorKind } from '../errors/error-kind.js';

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5_000;

/**
 * Retries `work` with back-off while the database is unavailable, for up to `retryMs`, so that hours of
 * computation are not lost when the server restarts. Other errors are rethrown immediately.
 */
export function retryWithBackoff<Value>(work: () => Promise<Value>, retryMs: number): Promise<Value> {
  return pRetry(work, {
    retries: Infinity,
    minTimeout: FIRST_PAUSE_MS,
    maxTimeout: MAX_PAUSE_MS,
    maxRetryTime: retryMs,
    shouldRetry: ({ error }) => isOutage(error),
  });
}

/** Errors of an outage. A database with a full disk rejects writes until space is freed. */
const OUTAGES: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout', 'storage_full']);

function isOutage(error: unknown): boolean {
  return error instanceof AppError && OUTAGES.has(error.kind);
}
