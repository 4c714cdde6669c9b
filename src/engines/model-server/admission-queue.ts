import { inferenceTimeout } from '../../supervision/engine-errors.js';

/** How long a request waits. */
export interface WaitLimits {
  readonly signal: AbortSignal;
  /** Remaining milliseconds. */
  readonly timeoutMs: number;
}

interface Waiting<Server> {
  /** Called synchronously, so that the server's load is up to date when the next request is dispatched. */
  start(server: Server): void;
  giveUp(reason: unknown): void;
}

/** A FIFO queue for model servers. A cancelled request leaves the queue immediately. */
export class ModelAdmissionQueue<Server> {
  readonly #waiting = new Set<Waiting<Server>>();

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a server, then runs `serve`.
   * @param serve gets the server and the remaining milliseconds
   * @throws the reason of the signal, or AppError `INFERENCE_TIMEOUT` when no server became free in time
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

  /** Assigns the server to the request that has waited longest. */
  next(server: Server): void {
    const [first] = this.#waiting;
    first?.start(server);
  }

  /** Rejects all waiting requests. */
  clear(reason: unknown): void {
    for (const waiting of [...this.#waiting]) waiting.giveUp(reason);
  }
}
