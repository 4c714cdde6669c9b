import { AppError } from '../errors/app-error.js';

/** The error when an engine was stopped because it is not needed any more. */
export const engineRetired = (): AppError =>
  new AppError('ENGINE_DIED', { message: 'The engine of this network was ended.', retryAfterSeconds: 1 });

export const engineDied = (how: string, stderr: string): AppError =>
  new AppError('ENGINE_DIED', {
    message: `The engine of this network ended while it worked (${how}).`,
    details: { stderr },
    retryAfterSeconds: 1,
  });

/** The error for an invalid message of an engine. */
export const badAnswer = (why: string): AppError =>
  new AppError('BAD_ANSWER', { message: `The engine sent an invalid message: ${why}` });

/** The error of requests that shared the process with the one that had to be stopped. */
export const engineKilled = (): AppError =>
  new AppError('ENGINE_DIED', { message: 'The engine had to be stopped.', retryAfterSeconds: 1 });

/** The error of a request that exceeded its time limit. */
export const inferenceTimeout = (limitMs: number): AppError =>
  new AppError('INFERENCE_TIMEOUT', {
    message: `The inference took longer than the limit of ${String(Math.round(limitMs))} ms.`,
    details: { limitMs },
  });

/** The error for an image whose decoding took so long that the engine was stopped. */
export const decodeTimeout = (limitMs: number): AppError =>
  new AppError('PICTURE_TOO_SLOW', {
    message: `The image took longer to decode than the limit of ${String(limitMs / 1000)} s.`,
    details: { limitMs },
  });

export const loadTimeout = (limitMs: number): AppError =>
  new AppError('NETWORK_LOAD_TIMEOUT', {
    message: `The network could not be opened within ${String(limitMs / 1000)} s.`,
    details: { limitMs },
  });

/** @param network id of the network, when several may be at work */
export const networkMemory = (limitBytes: number, network?: string): AppError =>
  new AppError('NETWORK_MEMORY', {
    message: `${network === undefined ? 'The network' : `Network ${network}`} needs more memory than the limit of ${String(Math.round(limitBytes / 2 ** 20))} MiB.`,
    details: { limitBytes },
  });

/** Final: a retry would take as long again. */
export const networkTimeout = (network: string, limitMs: number): AppError =>
  new AppError('NETWORK_TIMEOUT', {
    message: `Loading or one run of network ${network} took longer than the limit of ${String(limitMs / 1000)} s.`,
    details: { limitMs },
  });
