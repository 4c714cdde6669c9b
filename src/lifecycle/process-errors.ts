import type { EventEmitter } from 'node:events';
import type { Logger } from '../logging/logger.js';

/** Streams to which a process writes its logs. */
type Output = Pick<EventEmitter, 'on'>;

/** The process events that {@link surviveErrors} handles. */
export interface WatchedProcess extends Output {
  readonly stdout: Output;
  readonly stderr: Output;
}

/**
 * Keeps a process running after an uncaught error: the error belongs to one request, socket or child, and
 * ending the process would abort all others. Each one is logged as an error, since it is a bug.
 * Errors of a closed terminal or pipe are ignored: logging them would write to the same stream and fail
 * again.
 */
export function surviveErrors(watched: WatchedProcess, log: Logger): void {
  watched.stdout.on('error', () => undefined);
  watched.stderr.on('error', () => undefined);
  watched.on('uncaughtException', (err: unknown) => log.error('Uncaught error.', { err }));
  watched.on('unhandledRejection', (err: unknown) => log.error('Unhandled rejection.', { err }));
}
