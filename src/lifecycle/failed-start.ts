import { AppError } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';

/** Logs why a process could not start: a sentence for what a person can change, the whole error for what he cannot. */
export function logFailedStart(log: Logger, name: string, error: unknown): void {
  if (error instanceof AppError)
    log.error(`The ${name} could not start: ${error.message}`, { code: error.code });
  else log.error(`The ${name} could not start.`, { err: error });
}
