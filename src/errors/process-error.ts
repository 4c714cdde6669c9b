import { z } from 'zod';
import { AppError, messageOf } from './app-error.js';
import { isErrorCode } from './codes.js';
import { diskFullInJob, isDiskFull } from './disk-full.js';

/** Maximum length of a message shown to users. */
const MAX_MESSAGE = 2000;

/** An `AppError` in a message between processes. */
export const processError = z.object({
  code: z.string().max(100),
  message: z.string().max(10_000),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** See {@link processError}. */
export type ProcessError = z.infer<typeof processError>;

/**
 * Converts an error received from another process. An unknown code indicates a broken process or another version, so
 * its message is not passed on.
 */
export function receivedError({ code, message, details }: ProcessError): AppError {
  if (isErrorCode(code)) return new AppError(code, { message, details });
  return new AppError('BAD_ANSWER', {
    message: 'A server process reported an error with an unknown code.',
    details: { code, text: message.slice(0, MAX_MESSAGE) },
  });
}

/**
 * Converts an error for sending. The text of an unexpected error may contain local paths, so it only goes to the log.
 */
export function describeError(error: unknown): ProcessError {
  if (isDiskFull(error)) return describeError(diskFullInJob());
  if (error instanceof AppError) {
    const { code, message, details } = error;
    // ONNX Runtime lists every name of a graph with thousands of inputs; a longer message would be rejected by the
    // schema.
    return { code, message: message.slice(0, MAX_MESSAGE), details };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return {
    code: 'INTERNAL',
    message: 'An unexpected error occurred in the engine.',
    details: { trace },
  };
}
