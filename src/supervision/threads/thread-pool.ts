import { Worker } from 'node:worker_threads';
import { AppError, messageOf } from '../../errors/app-error.js';
import type { CodeOfKind } from '../../errors/codes.js';
import type { ThreadReply, ThreadRequest } from './thread-messages.js';

/** Options of a thread pool. */
export interface ThreadPoolOptions {
  /** Compiled entry module of a thread; it calls `serveThread`. */
  readonly entry: URL;
  /** Passed to every thread at its start. */
  readonly workerData: unknown;
  /** Number of threads, at least one. */
  readonly threads: number;
  /** Code of the AppError (internal) of a failed request. */
  readonly errorCode: CodeOfKind<'internal'>;
}

/** A pool of worker threads; each request goes to the least busy one. Answers may arrive in any order. */
export class ThreadPool<Work, Result> {
  readonly #lanes: readonly Lane<Work, Result>[];

  constructor(options: ThreadPoolOptions) {
    this.#lanes = Array.from({ length: Math.max(1, options.threads) }, () => new Lane<Work, Result>(options));
  }

  /**
   * @param transfer buffers in `work` that are transferred to the thread; the caller must not use them
   *   afterwards
   */
  run(work: Work, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    const lane = this.#lanes.reduce((least, other) => (other.open < least.open ? other : least));
    return lane.run(work, transfer);
  }

  /** Runs the same request on every thread, before any later request. */
  runOnAll(work: Work): Promise<Result[]> {
    return Promise.all(this.#lanes.map((lane) => lane.run(work, [])));
  }

  /** Whether all threads are running. */
  get alive(): boolean {
    return this.#lanes.every((lane) => lane.alive);
  }

  /** Sets whether the threads keep this process running, which is the default. */
  hold(process: boolean): void {
    for (const lane of this.#lanes) lane.hold(process);
  }

  /** Stops all threads; pending requests are rejected. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: AppError): void;
}

/** One thread and its pending requests. */
class Lane<Work, Result> {
  readonly #worker: Worker;
  readonly #errorCode: CodeOfKind<'internal'>;
  readonly #waiting = new Map<number, Waiting<Result>>();
  #lastId = 0;
  #ended: AppError | undefined;

  constructor({ entry, workerData, errorCode }: ThreadPoolOptions) {
    this.#errorCode = errorCode;
    this.#worker = new Worker(entry, { workerData });
    this.#worker.on('message', (reply: ThreadReply<Result>) => this.#settle(reply));
    this.#worker.on('error', (error) =>
      this.#end(`A worker thread failed: ${messageOf(error).slice(0, 500)}`),
    );
    this.#worker.on('exit', () => this.#end('A worker thread has exited.'));
  }

  /** Number of pending requests. */
  get open(): number {
    return this.#waiting.size;
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  hold(process: boolean): void {
    if (process) this.#worker.ref();
    else this.#worker.unref();
  }

  async run(work: Work, transfer: readonly ArrayBuffer[]): Promise<Result> {
    if (this.#ended !== undefined) throw this.#ended;
    const request: ThreadRequest<Work> = { id: ++this.#lastId, work };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      this.#worker.postMessage(request, [...transfer]);
    });
  }

  async close(): Promise<void> {
    this.#end('The thread pool was closed.');
    await this.#worker.terminate();
  }

  #settle(reply: ThreadReply<Result>): void {
    const request = this.#waiting.get(reply.id);
    if (request === undefined) return;
    this.#waiting.delete(reply.id);
    if ('result' in reply) request.resolve(reply.result);
    else request.reject(this.#failed(reply.error));
  }

  #end(message: string): void {
    this.#ended ??= this.#failed(message);
    for (const request of this.#waiting.values()) request.reject(this.#ended);
    this.#waiting.clear();
  }

  #failed(message: string): AppError {
    return new AppError(this.#errorCode, { message });
  }
}
