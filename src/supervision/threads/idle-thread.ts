import { parentPort, Worker } from 'node:worker_threads';

/** Options of an {@link IdleThread}. */
export interface IdleThreadOptions {
  /** Compiled entry module of the thread; it calls {@link serveIdleThread}. */
  readonly entry: URL;
  /** Heap limit of JavaScript in MB; a thread that exceeds it ends. */
  readonly heapMb: number;
  /** Time limit of a request in milliseconds, none by default; a thread that exceeds it is ended. */
  readonly timeoutMs?: number;
}

/** An idle thread is stopped after this time. */
const IDLE_MS = 10_000;

/**
 * One worker thread for rare requests, answered one after the other. It is started by the first request, stopped when
 * it is idle, and does not keep the process running.
 */
export class IdleThread<Request, Reply> {
  readonly #options: IdleThreadOptions;
  #last: Promise<unknown> = Promise.resolve();
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: IdleThreadOptions) {
    this.#options = options;
  }

  /**
   * @param transfer buffers in `request` that are transferred to the thread; the caller must not use them afterwards
   * @returns the reply; null if the thread ended instead, by an error or by its limits
   */
  ask(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Reply | null> {
    const turn = this.#last.then(() => this.#run(request, transfer));
    this.#last = turn;
    return turn;
  }

  /** Stops the thread; the next request starts another one. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  async #run(request: Request, transfer: readonly ArrayBuffer[]): Promise<Reply | null> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= startThread(this.#options));
    const limit = this.#options.timeoutMs;
    const timer = limit === undefined ? undefined : setTimeout(() => void thread.terminate(), limit);
    const reply = await replyOf<Request, Reply>(thread, request, transfer);
    clearTimeout(timer);
    if (reply === null) {
      if (this.#thread === thread) this.#thread = undefined;
      return null;
    }
    this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    return reply;
  }
}

function replyOf<Request, Reply>(
  thread: Worker,
  request: Request,
  transfer: readonly ArrayBuffer[],
): Promise<Reply | null> {
  return new Promise((resolve) => {
    const onMessage = (reply: Reply): void => settle(reply);
    const onEnd = (): void => settle(null);
    const settle = (reply: Reply | null): void => {
      thread.off('message', onMessage).off('exit', onEnd);
      resolve(reply);
    };
    thread.once('message', onMessage).once('exit', onEnd);
    thread.postMessage(request, [...transfer]);
  });
}

function startThread({ entry, heapMb }: IdleThreadOptions): Worker {
  const thread = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: heapMb } });
  // The 'exit' event follows and is handled.
  thread.on('error', () => undefined);
  thread.unref();
  return thread;
}

/**
 * Answers the requests of an {@link IdleThread} in this thread. An error that `answer` throws ends the thread.
 * @param answer gives the reply, and the buffers in it that are transferred to the receiver
 */
export function serveIdleThread<Request, Reply>(answer: (request: Request) => [Reply, ArrayBuffer[]]): void {
  parentPort?.on('message', (request: Request) => {
    parentPort?.postMessage(...answer(request));
  });
}
