import { AppError } from '../errors/app-error.js';
import type { ErrorKind } from '../errors/error-kind.js';

/** Kinds of errors that are the client's, and end the connection. */
const REFUSALS: ReadonlySet<ErrorKind> = new Set(['unauthenticated', 'forbidden', 'rate_limited']);
/** An error that is the client's and ends the connection, as a value. @throws all others */
export function refusalOf(error: unknown): AppError {
  if (error instanceof AppError && REFUSALS.has(error.kind)) return error;
  throw error;
}
