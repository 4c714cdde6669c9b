import { z } from 'zod';
import { AppError, messageOf } from './app-error.js';
import { isErrorCode } from './codes.js';
import { diskFullInJob, isDiskFull } from './disk-full.js';

/** Characters of a message that users read. */
const MAX_MESSAGE = 2000;

/** An `AppError` on its way from one process to another. */
export const processError = z.object({
  code: z.string().max(100),
  message: z.string().max(10_000),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** See {@link processError}. */
export type ProcessError = z.infer<typeof processError>;

/**
 * The error that another process sent. A code that the table does not have comes from a process that is broken or of
 * another version, so that nothing it says is passed on.
 */
export function receivedError({ code, message, details }: ProcessError): AppError {
  if (isErrorCode(code)) return new AppError(code, { message, details });
  return new AppError('BAD_ANSWER', {
    message: 'A process of the server gave an error of an unknown code.',
    details: { code, text: message.slice(0, MAX_MESSAGE) },
  });
}

/** An unexpected error may name paths of this machine, so its text goes to the log only. */
export function describeError(error: unknown): ProcessError {
  if (isDiskFull(error)) return describeError(diskFullInJob());
  if (error instanceof AppError) {
    const { code, message, details } = error;
    // ONNX Runtime lists every name of a graph with thousands of inputs; a longer message would not be understood at all.
    return { code, message: message.slice(0, MAX_MESSAGE), details };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return {
    code: 'INTERNAL',
    message: 'The engine met an unexpected error.',
    details: { trace },
  };
}
