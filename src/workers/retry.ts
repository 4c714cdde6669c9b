import pRetry from 'p-retry';
import { AppError } from '../errors/app-error.js';
import type { ErrorKind } from '../errors/error-kind.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Repeats `work` with back-off while the database is away, up to `retryMs`: hours of computing
 * are not thrown away because the server restarts. Other errors pass at once.
 */
export function retryWithBackoff<Value>(work: () => Promise<Value>, retryMs: number): Promise<Value> {
  return pRetry(work, {
    retries: Infinity,
    minTimeout: FIRST_PAUSE_MS,
    maxTimeout: LONGEST_PAUSE_MS,
    maxRetryTime: retryMs,
    shouldRetry: ({ error }) => isOutage(error),
  });
}

/** A database whose disk is full takes no writes, and then takes them again. */
const OUTAGES: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout', 'storage_full']);

function isOutage(error: unknown): boolean {
  return error instanceof AppError && OUTAGES.has(error.kind);
}
