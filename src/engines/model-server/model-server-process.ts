import { receivedError } from '../../errors/process-error.js';
import { fileURLToPath } from 'node:url';
import type { AppError } from '../../errors/app-error.js';
import { describeEnd } from '../../supervision/child-end.js';
import { bundledModule } from '../../supervision/bundled-module.js';
import { nodeProgram } from '../../supervision/child-program.js';
import {
  badAnswer,
  decodeTimeout,
  engineDied,
  engineKilled,
  engineRetired,
  inferenceTimeout,
  loadTimeout,
  networkMemory,
} from '../../supervision/engine-errors.js';
import { SupervisedChild } from '../../supervision/supervised-child.js';
import type { Waiter } from '../../supervision/waiters.js';
import { WorkWatch } from '../../supervision/work-watch.js';
import {
  fromModelServer,
  split,
  type FromModelServer,
  type LoadedFacts,
  type LoadRequest,
  type NetworkAnswer,
  type NetworkWork,
  type ToModelServer,
} from './protocol.js';

/** Start options and limits of one model server process. */
export interface ModelServerProcessOptions {
  /** Environment of the child; it must not contain secrets. */
  readonly env: NodeJS.ProcessEnv;
  /** Resident memory at which the child is killed. */
  readonly maxRssBytes: number;
  /** Milliseconds of decoding a single image after which the child is killed. */
  readonly decodeLimitMs: number;
  readonly onStderr: (text: string) => void;
}

/** Options of one request. */
export interface NetworkRunOptions {
  readonly signal: AbortSignal;
  /** Milliseconds that the caller waits. */
  readonly timeoutMs: number;
  /**
   * Milliseconds after which the process is killed to stop the work; `timeoutMs` by default. A caller with a
   * shorter timeout gets its error, while other requests in the process are not affected.
   */
  readonly stopAfterMs?: number;
}

interface Pending extends Waiter<NetworkAnswer> {
  /** Whether the engine has started the run, which can then only be stopped by ending the process. */
  started: boolean;
  readonly stop: NodeJS.Timeout;
}

const ENGINE_MODULE = fileURLToPath(new URL('./main.js', import.meta.url));

/**
 * A model server process as seen by its parent. It may be killed at any moment; pending requests then get an
 * error.
 */
export class ModelServerProcess {
  readonly #options: ModelServerProcessOptions;
  readonly #child: SupervisedChild;
  /** Settles when the process has exited. */
  readonly exited: Promise<unknown>;
  readonly #pending = new Map<number, Pending>();
  readonly #decodes: WorkWatch;
  #load: Waiter<LoadedFacts> | undefined;
  #nextId = 1;
  #reportedBytes = 0;

  constructor(options: ModelServerProcessOptions) {
    this.#options = options;
    this.#decodes = new WorkWatch({
      limitMs: options.decodeLimitMs,
      // A run blocks the engine, so that it cannot report the end of a decode.
      isBlocked: () => [...this.#pending.values()].some(({ started }) => started),
      onOverrun: (id) => this.#killFor(id, decodeTimeout(options.decodeLimitMs)),
    });
    this.#child = new SupervisedChild({
      program: nodeProgram(bundledModule(ENGINE_MODULE)),
      env: options.env,
      channel: 'socket',
      // Ctrl-C in a terminal must reach only the parent, which stops its engines in order.
      ownGroup: true,
      memory: { residentBytes: options.maxRssBytes, exceeded: () => networkMemory(options.maxRssBytes) },
      lost: (end) => engineDied(describeEnd(end), end.stderr),
      invalidMessage: badAnswer,
      onMessage: (message) => this.#handle(fromModelServer.parse(message)),
      onStderr: options.onStderr,
    });
    this.exited = this.#child.ended.then(() => this.#forgetAll());
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether requests may be sent to it. */
  get usable(): boolean {
    return this.#child.usable;
  }

  /** Number of requests that are waiting or running in it. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Resident memory: the larger of the values last reported by the system and by the engine, either of which
   * may be outdated.
   */
  get rssBytes(): number {
    return Math.max(this.#child.residentBytes, this.#reportedBytes);
  }

  /**
   * Opens a network; called once in the life of the process.
   * @throws AppError of the engine, `NETWORK_LOAD_TIMEOUT` or `NETWORK_MEMORY` (invalid)
   */
  async load(request: LoadRequest, timeoutMs: number): Promise<LoadedFacts> {
    const begin = (waiter: Waiter<LoadedFacts>): void => {
      this.#load = waiter;
      this.#send({ type: 'load', request });
    };
    try {
      const timeLimit = { ms: timeoutMs, exceeded: () => loadTimeout(timeoutMs) };
      return await this.#child.request(begin, { timeLimit });
    } catch (error) {
      this.kill(engineRetired());
      throw error;
    } finally {
      this.#load = undefined;
    }
  }

  /**
   * @throws AppError of the engine, the reason of `signal`, `INFERENCE_TIMEOUT` once the work has really
   *   stopped, or `ENGINE_DIED` (unavailable) when the process exited for another reason
   */
  async run(
    work: NetworkWork,
    { signal, timeoutMs, stopAfterMs = timeoutMs }: NetworkRunOptions,
  ): Promise<NetworkAnswer> {
    signal.throwIfAborted();
    const id = this.#nextId++;
    const inHurry = timeoutMs < stopAfterMs;
    const late = inHurry
      ? setTimeout(() => this.#leave(id, inferenceTimeout(timeoutMs)), timeoutMs)
      : undefined;
    const onAbort = () => this.#leave(id, signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#child.wait<NetworkAnswer>((waiter) => {
        const stop = setTimeout(() => this.#stop(id, stopAfterMs), stopAfterMs);
        this.#pending.set(id, { ...waiter, started: false, stop });
        this.#send({ type: 'work', id, work });
      });
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Kills the process; pending requests reject with `reason` when it has exited. */
  kill(reason: AppError): void {
    void this.#child.end(reason);
  }

  /** Stops the process when it is not needed any more, and waits until it has exited. */
  async retire(): Promise<void> {
    this.kill(engineRetired());
    await this.exited;
  }

  /**
   * The caller of request `id` stopped waiting. A running computation still counts as pending, because it
   * keeps the engine busy.
   */
  #leave(id: number, reason: unknown): void {
    const pending = this.#pending.get(id);
    if (pending?.started) pending.reject(reason);
    else if (pending) this.#cancel(id, reason);
  }

  /** Called when request `id` has exceeded its time limit, whether its caller is still waiting or not. */
  #stop(id: number, limitMs: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    const reason = inferenceTimeout(limitMs);
    if (pending.started) this.#killFor(id, reason);
    else this.#cancel(id, reason);
  }

  /** Kills the process because of request `id`, which alone gets `reason`, once the process has exited. */
  #killFor(id: number, reason: AppError): void {
    const culprit = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(culprit?.stop);
    culprit?.rejectAtEndWith(reason);
    this.kill(engineKilled());
  }

  /** The engine may report more than the supervision saw at its last check. */
  #noteMemory(rssBytes: number): void {
    const { maxRssBytes } = this.#options;
    this.#reportedBytes = rssBytes;
    if (rssBytes > maxRssBytes) this.kill(networkMemory(maxRssBytes));
  }

  #cancel(id: number, reason: unknown): void {
    this.#send({ type: 'cancel', id });
    this.#settle(id, (pending) => pending.reject(reason));
  }

  #handle(message: FromModelServer): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'heartbeat':
        this.#noteMemory(message.rssBytes);
        return;
      case 'loaded':
        this.#noteMemory(message.facts.rssBytes);
        // Not if the network needs too much memory; the load is rejected when the process has ended.
        if (this.usable) this.#load?.resolve(message.facts);
        return;
      case 'decoding':
        return message.ended ? this.#decodes.end(message.id) : this.#decodes.begin(message.id);
      case 'started':
        for (const id of message.ids) this.#markStarted(id);
        return;
      case 'done':
        return this.#settle(message.id, (pending) => pending.resolve(message.answer));
      case 'failed':
        if (message.id === undefined) this.#load?.reject(receivedError(message.error));
        else this.#settle(message.id, (pending) => pending.reject(receivedError(message.error)));
    }
  }

  #markStarted(id: number): void {
    const pending = this.#pending.get(id);
    if (pending) pending.started = true;
  }

  #settle(id: number, answer: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (!pending) return;
    clearTimeout(pending.stop);
    answer(pending);
  }

  /** Cleans up after the process has exited with all its requests. */
  #forgetAll(): void {
    this.#decodes.clear();
    for (const { stop } of this.#pending.values()) clearTimeout(stop);
    this.#pending.clear();
  }

  #send(message: ToModelServer): void {
    const { head, bytes } = split(message);
    this.#child.send(head, bytes);
  }
}
