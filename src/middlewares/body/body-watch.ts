import type { Request, Response } from 'express';
import { AppError } from '../../errors/app-error.js';
import { guarded } from '../../errors/guarded.js';
import { onChunksRefused } from '../../lifecycle/body-chunks.js';
import { endedEarly } from './receive-bytes.js';

/** Minimum rate at which a body must arrive. */
export interface BodyRateFloor {
  /** Maximum milliseconds without a byte. */
  readonly idleMs: number;
  /** Minimum average over the whole body, applied once it takes longer than {@link idleMs}. */
  readonly minBytesPerSecond: number;
}

/** Supervision of one body. */
export interface BodyWatch {
  /** Rejects with AppError BODY_TIMEOUT, CHUNKS_TOO_SMALL, or REQUEST_ABORTED when the client disconnects. */
  readonly failed: Promise<never>;
  stop(): void;
}

const CHECKS_PER_IDLE_TIME = 20;

/**
 * Supervises a body that is being read. Otherwise a client that stalls or sends very slowly could hold
 * memory, files and a connection indefinitely.
 */
export function watchBody(request: Request, response: Response, pace: BodyRateFloor): BodyWatch {
  let reject: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, fail) => (reject = fail));
  // A rejection after the body was read must not be reported as unhandled.
  failed.catch(() => undefined);
  onChunksRefused(request, reject);
  const arrival = new Arrival(request, pace);
  const timer = setInterval(
    guarded(reject, () => {
      const problem = request.complete ? null : arrival.problem();
      if (problem !== null) reject(new AppError('BODY_TIMEOUT', { message: problem }));
    }),
    Math.max(1, pace.idleMs / CHECKS_PER_IDLE_TIME),
  );
  const onClose = (): void => reject(endedEarly());
  response.once('close', onClose);
  if (response.closed || request.destroyed) onClose();
  return {
    failed,
    stop: () => {
      clearInterval(timer);
      response.removeListener('close', onClose);
    },
  };
}

/**
 * Arrival rate of a body, measured at the socket, which counts bytes that the parsers have not consumed yet.
 */
class Arrival {
  readonly #request: Request;
  readonly #pace: BodyRateFloor;
  readonly #startedAt = performance.now();
  readonly #bytesBefore: number;
  #bytes: number;
  #lastAt = this.#startedAt;

  constructor(request: Request, pace: BodyRateFloor) {
    this.#request = request;
    this.#pace = pace;
    this.#bytesBefore = this.#bytes = request.socket.bytesRead;
  }

  problem(): string | null {
    const now = performance.now();
    const { idleMs, minBytesPerSecond } = this.#pace;
    const { bytesRead } = this.#request.socket;
    // Unread data in the buffer means that the server is slow, not the client.
    if (this.#request.readableLength > 0) {
      this.#lastAt = now;
      return null;
    }
    if (bytesRead !== this.#bytes) {
      this.#bytes = bytesRead;
      this.#lastAt = now;
    } else if (now - this.#lastAt >= idleMs)
      return `The body was idle for more than ${String(idleMs / 1000)} seconds (BODY_IDLE_SECONDS).`;
    const elapsedMs = now - this.#startedAt;
    const rate = (1000 * (bytesRead - this.#bytesBefore)) / elapsedMs;
    return elapsedMs > idleMs && rate < minBytesPerSecond
      ? `The body arrived at less than ${String(minBytesPerSecond)} bytes per second.`
      : null;
  }
}
