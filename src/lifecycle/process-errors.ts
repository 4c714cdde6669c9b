import type { EventEmitter } from 'node:events';
import type { Logger } from '../logging/logger.js';

/** Streams to which a process writes its logs. */
type Output = Pick<EventEmitter, 'on'>;

/** What {@link surviveErrors} watches. */
export interface WatchedProcess extends Output {
  readonly stdout: Output;
  readonly stderr: Output;
}

/**
 * Keeps a process running after an error that no listener caught: the error belongs to one request, socket or child,
 * and ending the process would abort all other requests. Each one is logged as an error, since it is a bug.
 *
 * A closed terminal or pipe is ignored: logging it would write to the same stream and fail again.
 */
export function surviveErrors(watched: WatchedProcess, log: Logger): void {
  watched.stdout.on('error', () => undefined);
  watched.stderr.on('error', () => undefined);
  watched.on('uncaughtException', (err: unknown) => log.error('Uncaught error.', { err }));
  watched.on('unhandledRejection', (err: unknown) => log.error('Unhandled rejection.', { err }));
}
