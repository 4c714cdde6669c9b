import { Worker } from 'node:worker_threads';
import { AppError, messageOf } from '../../errors/app-error.js';
import type { CodeOfKind } from '../../errors/codes.js';
import type { ThreadReply, ThreadRequest } from './thread-messages.js';

/** What threads do and how they fail. */
export interface ThreadPoolOptions {
  /** Compiled entry of a thread; it calls `serveThread`. */
  readonly entry: URL;
  /** Passed to every thread at its start. */
  readonly workerData: unknown;
  /** Number of threads; at least one runs. */
  readonly threads: number;
  /** Code of the AppError (internal) that a failed request ends with. */
  readonly errorCode: CodeOfKind<'internal'>;
}

/** Worker threads that share out requests: each goes to the least busy one. Answers come in any order. */
export class ThreadPool<Work, Result> {
  readonly #lanes: readonly Lane<Work, Result>[];

  constructor(options: ThreadPoolOptions) {
    this.#lanes = Array.from({ length: Math.max(1, options.threads) }, () => new Lane<Work, Result>(options));
  }

  /** @param transfer buffers inside `work` that the thread takes over; the caller must not use them any more */
  run(work: Work, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    const lane = this.#lanes.reduce((least, other) => (other.open < least.open ? other : least));
    return lane.run(work, transfer);
  }

  /** Has every thread do the same, before whatever it is asked later. */
  runOnAll(work: Work): Promise<Result[]> {
    return Promise.all(this.#lanes.map((lane) => lane.run(work, [])));
  }

  /** Whether no thread has ended. */
  get alive(): boolean {
    return this.#lanes.every((lane) => lane.alive);
  }

  /** Whether the threads keep this process running; they do unless told otherwise. */
  hold(process: boolean): void {
    for (const lane of this.#lanes) lane.hold(process);
  }

  /** Ends all threads; open requests are rejected. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: AppError): void;
}

/** One thread and the requests that it still owes an answer. */
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
    this.#worker.on('error', (error) => this.#end(`A thread failed: ${messageOf(error).slice(0, 500)}`));
    this.#worker.on('exit', () => this.#end('A thread has ended.'));
  }

  /** Requests without an answer yet. */
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
    this.#end('The threads were closed.');
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
