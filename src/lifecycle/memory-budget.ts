import { AppError } from '../errors/app-error.js';

/** Memory reserved by one request; grows while its body arrives. */
export interface Reservation {
  /** @throws AppError OUT_OF_MEMORY (unavailable) when all requests together would exceed the budget */
  grow(bytes: number): void;
  /** Releases a part. */
  shrink(bytes: number): void;
  /** Releases everything; idempotent. */
  release(): void;
}

/** Retry-After in seconds: most bodies are processed by then. */
const RETRY_SECONDS = 2;

interface Waiting {
  readonly bytes: number;
  start(): void;
}

/** A number of bytes shared by many requests. */
export class MemoryBudget {
  readonly #limitBytes: number;
  readonly #queue: Waiting[] = [];
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Opens an empty reservation, for callers that fail instead of waiting. */
  open(): Reservation {
    let held = 0;
    let closed = false;
    return {
      grow: (bytes) => {
        // Data of an aborted body may still arrive; it is discarded.
        if (closed) return;
        if (this.#usedBytes + bytes > this.#limitBytes) throw outOfMemory();
        this.#usedBytes += bytes;
        held += bytes;
      },
      shrink: (bytes) => {
        const part = Math.min(bytes, held);
        held -= part;
        this.#giveBack(part);
      },
      release: () => {
        const bytes = held;
        held = 0;
        closed = true;
        this.#giveBack(bytes);
      },
    };
  }

  /**
   * Runs `work` once this many bytes are available, in order of the calls. Work that needs more than the
   * whole budget runs alone.
   * @throws what `work` throws, or the reason of `signal` when it is aborted while waiting
   */
  async run<Value>(bytes: number, work: () => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    const share = Math.min(bytes, this.#limitBytes);
    await this.#wait(share, signal);
    try {
      return await work();
    } finally {
      this.#giveBack(share);
    }
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#queue.length === 0 && this.#usedBytes + bytes <= this.#limitBytes) {
      this.#usedBytes += bytes;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(signal?.reason);
        this.#startWaiting();
      };
      const waiting: Waiting = {
        bytes,
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.#queue.push(waiting);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#startWaiting();
  }

  #startWaiting(): void {
    while (this.#queue.length > 0 && this.#usedBytes + this.#queue[0].bytes <= this.#limitBytes) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#usedBytes += next.bytes;
      next.start();
    }
  }
}

const outOfMemory = (): AppError =>
  new AppError('OUT_OF_MEMORY', {
    message: 'The memory budget for request bodies is exhausted; send the request again later.',
    retryAfterSeconds: RETRY_SECONDS,
  });
