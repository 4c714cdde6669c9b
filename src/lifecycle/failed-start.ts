import { AppError } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';

/**
 * Logs why a process could not start: only the message for problems that the user can fix, the whole error
 * for all others.
 */
export function logFailedStart(log: Logger, name: string, error: unknown): void {
  if (error instanceof AppError)
    log.error(`The ${name} could not start: ${error.message}`, { code: error.code });
  else log.error(`The ${name} could not start.`, { err: error });
}
