import { z } from 'zod';
import { AppError, messageOf, type ErrorKind } from './app-error.js';
import { diskFullInJob, isDiskFull } from './disk-full.js';

const ERROR_KINDS = [
  'malformed',
  'invalid',
  'unauthenticated',
  'insufficient_credits',
  'forbidden',
  'not_found',
  'conflict',
  'gone',
  'precondition_failed',
  'too_large',
  'unsupported_type',
  'storage_full',
  'rate_limited',
  'unavailable',
  'timeout',
  'internal',
] as const satisfies readonly ErrorKind[];

/** Characters of a message that users read. */
const MAX_MESSAGE = 2000;

/** An `AppError` on its way from one process to another. */
export const processError = z.object({
  code: z.string().max(100),
  kind: z.enum(ERROR_KINDS),
  message: z.string().max(10_000),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** See {@link processError}. */
export type ProcessError = z.infer<typeof processError>;

/** An unexpected error may name paths of this machine, so its text goes to the log only. */
export function describeError(error: unknown): ProcessError {
  if (isDiskFull(error)) return describeError(diskFullInJob());
  if (error instanceof AppError) {
    const { code, kind, message, details } = error;
    // ONNX Runtime lists every name of a graph with thousands of inputs; a longer message would not be understood at all.
    return { code, kind, message: message.slice(0, MAX_MESSAGE), details };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return {
    code: 'INTERNAL',
    kind: 'internal',
    message: 'The engine met an unexpected error.',
    details: { trace },
  };
}
