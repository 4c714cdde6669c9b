import type { Request, Response } from 'express';
import { AppError } from '../../errors/app-error.js';
import { guarded } from '../../errors/guarded.js';
import { onChunksRefused } from '../../lifecycle/body-chunks.js';
import { endedEarly } from './receive-bytes.js';

/** How fast a body must come. */
export interface BodyRateFloor {
  /** Milliseconds without a byte. */
  readonly idleMs: number;
  /** Average over the whole body, once it takes longer than {@link idleMs}. */
  readonly minBytesPerSecond: number;
}

/** The watch over one body. */
export interface BodyWatch {
  /** Rejects with AppError BODY_TIMEOUT, CHUNKS_TOO_SMALL, or REQUEST_ABORTED when the sender leaves. */
  readonly failed: Promise<never>;
  stop(): void;
}

const CHECKS_PER_IDLE_TIME = 20;

/**
 * Watches a body that is being read: a sender that stops or only drips would hold memory, files and a connection for as
 * long as it likes.
 */
export function watchBody(request: Request, response: Response, pace: BodyRateFloor): BodyWatch {
  let reject: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, fail) => (reject = fail));
  // A rejection after the end must not count as unhandled.
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

/** How a body comes in. The socket counts: it knows of bytes that no parser has seen yet. */
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
    // What lies here unread is kept waiting by us, not by its sender.
    if (this.#request.readableLength > 0) {
      this.#lastAt = now;
      return null;
    }
    if (bytesRead !== this.#bytes) {
      this.#bytes = bytesRead;
      this.#lastAt = now;
    } else if (now - this.#lastAt >= idleMs) return `No data came for ${String(idleMs / 1000)} seconds.`;
    const elapsedMs = now - this.#startedAt;
    const rate = (1000 * (bytesRead - this.#bytesBefore)) / elapsedMs;
    return elapsedMs > idleMs && rate < minBytesPerSecond
      ? `The body came at less than ${String(minBytesPerSecond)} bytes a second.`
      : null;
  }
}
