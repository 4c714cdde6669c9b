import { AppError } from '../errors/app-error.js';

export const RETIRED = {
  code: 'ENGINE_DIED',
  kind: 'unavailable',
  message: 'The engine of this network was ended.',
  retryAfterSeconds: 1,
} as const;

export const engineDied = (how: string, stderr: string): AppError =>
  new AppError({
    code: 'ENGINE_DIED',
    kind: 'unavailable',
    message: `The engine of this network ended while it worked (${how}).`,
    details: { stderr },
    retryAfterSeconds: 1,
  });

/** An engine that says what is no message of ours. */
export const badAnswer = (why: string): AppError =>
  new AppError({
    code: 'BAD_ANSWER',
    kind: 'internal',
    message: `The engine's answer was not understood: ${why}`,
  });

/** For those who only shared the process with the one that had to be stopped. */
export const engineKilled = (): AppError =>
  new AppError({ ...RETIRED, message: 'The engine had to be stopped.' });

/** A request that was given up. */
export const inferenceTimeout = (limitMs: number): AppError =>
  new AppError({
    code: 'INFERENCE_TIMEOUT',
    kind: 'timeout',
    message: `The inference took longer than the limit of ${String(Math.round(limitMs))} ms.`,
    details: { limitMs },
  });

/** A picture on which the decoder worked for so long that the engine had to be stopped. */
export const decodeTimeout = (limitMs: number): AppError =>
  new AppError({
    code: 'PICTURE_TOO_SLOW',
    kind: 'invalid',
    message: `The picture took longer to decode than the limit of ${String(limitMs / 1000)} s.`,
    details: { limitMs },
  });

export const loadTimeout = (limitMs: number): AppError =>
  new AppError({
    code: 'NETWORK_LOAD_TIMEOUT',
    kind: 'invalid',
    message: `The network could not be opened within ${String(limitMs / 1000)} s.`,
    details: { limitMs },
  });

export const networkMemory = (limitBytes: number): AppError =>
  new AppError({
    code: 'NETWORK_MEMORY',
    kind: 'invalid',
    message: `The network needs more memory than the limit of ${String(Math.round(limitBytes / 2 ** 20))} MiB.`,
    details: { limitBytes },
  });
