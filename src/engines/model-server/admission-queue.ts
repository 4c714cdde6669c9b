import { inferenceTimeout } from '../../supervision/engine-errors.js';

/** How long somebody waits for a turn. */
export interface WaitLimits {
  readonly signal: AbortSignal;
  /** Milliseconds from now on. */
  readonly timeoutMs: number;
}

interface Waiting<Server> {
  /** Begins at once, so that the server is known to be busier when the next one is asked for. */
  start(server: Server): void;
  giveUp(reason: unknown): void;
}

/** First come, first served. A request that is given up leaves the queue at once. */
export class ModelAdmissionQueue<Server> {
  readonly #waiting = new Set<Waiting<Server>>();

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a turn, then serves.
   * @param serve gets the server and the milliseconds that are left
   * @throws the reason of the signal, or AppError `INFERENCE_TIMEOUT` for a turn that did not come in time
   */
  wait<Value>(
    { signal, timeoutMs }: WaitLimits,
    serve: (server: Server, timeoutMs: number) => Promise<Value>,
  ): Promise<Value> {
    const deadline = performance.now() + timeoutMs;
    return new Promise<Value>((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(overdue);
        signal.removeEventListener('abort', abort);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting<Server> = {
        start: (server) => {
          leave();
          resolve(serve(server, Math.max(1, deadline - performance.now())));
        },
        giveUp: (reason) => {
          leave();
          reject(reason);
        },
      };
      const abort = (): void => waiting.giveUp(signal.reason);
      const overdue = setTimeout(() => waiting.giveUp(inferenceTimeout(timeoutMs)), timeoutMs);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** Gives the server to the request that has waited longest. */
  next(server: Server): void {
    const [first] = this.#waiting;
    first?.start(server);
  }

  /** Sends all away. */
  clear(reason: unknown): void {
    for (const waiting of [...this.#waiting]) waiting.giveUp(reason);
  }
}
