import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AppError, messageOf } from '../../errors/app-error.js';
import { guarded } from '../../errors/guarded.js';
import { DecodeWatch } from './decode-watch.js';
import {
  decodeTimeout,
  engineDied,
  engineKilled,
  inferenceTimeout,
  loadTimeout,
  networkMemory,
  RETIRED,
} from '../../supervision/engine-errors.js';
import { ChildMessageChannel, messageReader } from '../../supervision/message-channel.js';
import {
  ENGINE_CHANNEL,
  fromModelServer,
  split,
  type FromModelServer,
  type LoadedFacts,
  type LoadRequest,
  type NetworkAnswer,
  type NetworkWork,
  type ToModelServer,
} from './protocol.js';
import { residentBytes } from '../../supervision/resident-memory.js';

/** Start options and limits of one network engine. */
export interface ModelServerProcessOptions {
  /** Environment of the child; it must hold no secrets. */
  readonly env: NodeJS.ProcessEnv;
  /** Command that ends the child with its parent (`setpriv --pdeathsig KILL --`); empty where there is none. */
  readonly guardCommand: readonly string[];
  /** Resident memory at which the child is killed. */
  readonly maxRssBytes: number;
  /** Milliseconds of decoding one picture at which the child is killed. */
  readonly decodeLimitMs: number;
  readonly onStderr: (text: string) => void;
}

/** What one request needs beside its work. */
export interface NetworkRunOptions {
  readonly signal: AbortSignal;
  /** Milliseconds that its caller waits. */
  readonly timeoutMs: number;
  /**
   * Milliseconds after which the work itself is stopped, by the end of the process; `timeoutMs` unless given. Callers who
   * are in more of a hurry get their error, but the others of the process need not pay for it.
   */
  readonly stopAfterMs?: number;
}

interface Pending {
  /** The engine has begun to compute it: only the end of the process stops it now. */
  started: boolean;
  readonly stop: NodeJS.Timeout;
  resolve(answer: NetworkAnswer): void;
  reject(error: unknown): void;
}

const ENGINE_MODULE = fileURLToPath(new URL('./main.js', import.meta.url));
const MEMORY_CHECK_MS = 200;
const STDERR_KEPT = 2_000;

/** One network engine as its parent sees it. It may be killed at any moment; callers that wait are told. */
export class ModelServerProcess {
  readonly #options: ModelServerProcessOptions;
  readonly #child: ChildProcess;
  readonly #channel: ChildMessageChannel;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  readonly #decodes: DecodeWatch;
  #load: { resolve(facts: LoadedFacts): void; reject(error: unknown): void } | undefined;
  #alive = true;
  #endReason: AppError | undefined;
  #nextId = 1;
  #rssBytes = 0;
  #stderr = '';
  readonly #memoryCheck: NodeJS.Timeout;

  constructor(options: ModelServerProcessOptions) {
    this.#options = options;
    this.#child = startEngine(options);
    this.#channel = this.#openChannel();
    this.#decodes = new DecodeWatch({
      limitMs: options.decodeLimitMs,
      isRunning: () => [...this.#pending.values()].some(({ started }) => started),
      onOverrun: (id) => this.#killFor(id, decodeTimeout(options.decodeLimitMs)),
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => (this.#ended(signal ?? `code ${String(code)}`), resolve()));
      this.#child.once('error', (error) => (this.#ended(error.message), resolve()));
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
      options.onStderr(chunk.toString());
    });
    // The first error is the end of a process that never ran; later ones, of a signal that could not be sent, say nothing.
    this.#child.on('error', () => undefined);
    const onStderr = (error: unknown): void => options.onStderr(messageOf(error));
    this.#memoryCheck = setInterval(
      guarded(onStderr, () => this.#checkMemory()),
      MEMORY_CHECK_MS,
    ).unref();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether requests may be given to it. */
  get usable(): boolean {
    return this.#alive && this.#endReason === undefined;
  }

  /** Requests that wait or run in it. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Resident memory when it was last looked at. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  /**
   * Opens a network; once in the life of the process.
   * @throws AppError what the engine found wrong, `NETWORK_LOAD_TIMEOUT` or `NETWORK_MEMORY` (invalid)
   */
  async load(order: LoadRequest, timeoutMs: number): Promise<LoadedFacts> {
    const overdue = setTimeout(() => this.kill(loadTimeout(timeoutMs)), timeoutMs);
    try {
      return await new Promise<LoadedFacts>((resolve, reject) => {
        this.#load = { resolve, reject };
        this.#send({ type: 'load', order });
      });
    } catch (error) {
      this.kill(new AppError(RETIRED));
      throw error;
    } finally {
      clearTimeout(overdue);
      this.#load = undefined;
    }
  }

  /**
   * @throws AppError the engine's own, the reason of `signal`, `INFERENCE_TIMEOUT` once the work is really stopped, or
   * `ENGINE_DIED` (unavailable) when the process ended for another reason
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
      return await new Promise<NetworkAnswer>((resolve, reject) => {
        const stop = setTimeout(() => this.#stop(id, stopAfterMs), stopAfterMs);
        this.#pending.set(id, { started: false, stop, resolve, reject });
        if (this.usable) this.#send({ type: 'work', id, work });
        else this.#settle(id, (pending) => pending.reject(engineDied('it had ended already', this.#stderr)));
      });
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process at once; everything that waits rejects with `reason` when it is gone. */
  kill(reason: AppError): void {
    if (!this.#alive) return;
    this.#endReason ??= reason;
    this.#child.kill('SIGKILL');
  }

  /** Ends the process when nobody needs it any more, and waits until it is gone. */
  async retire(): Promise<void> {
    this.kill(new AppError(RETIRED));
    await this.exited;
  }

  /** Nobody waits for request `id` any more. What computes already keeps its place, since the engine is busy with it. */
  #leave(id: number, reason: unknown): void {
    const pending = this.#pending.get(id);
    if (pending?.started) pending.reject(reason);
    else if (pending) this.#cancel(id, reason);
  }

  /** The time of request `id` is up, whether somebody waits for it or not. */
  #stop(id: number, limitMs: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    const reason = inferenceTimeout(limitMs);
    if (pending.started) this.#killFor(id, reason);
    else this.#cancel(id, reason);
  }

  /** Ends the process because of request `id`, which alone gets `reason`, once the process is gone and its work over. */
  #killFor(id: number, reason: AppError): void {
    const culprit = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(culprit?.stop);
    if (culprit) void this.exited.then(() => culprit.reject(reason));
    this.kill(engineKilled());
  }

  #cancel(id: number, reason: unknown): void {
    this.#send({ type: 'cancel', id });
    this.#settle(id, (pending) => pending.reject(reason));
  }

  #openChannel(): ChildMessageChannel {
    const socket = this.#child.stdio[ENGINE_CHANNEL];
    if (!(socket instanceof Socket)) throw new Error('the engine was started without a channel');
    const reader = messageReader({
      receive: (message) => this.#receive(message),
      broken: (error) => this.#misunderstood(messageOf(error)),
    });
    socket.on(
      'data',
      guarded(
        (error) => this.#misunderstood(messageOf(error)),
        (piece: Buffer) => reader.push(piece),
      ),
    );
    // A channel that breaks is reported by the exit event, which knows more.
    socket.on('error', () => undefined);
    return new ChildMessageChannel(socket);
  }

  #receive(raw: unknown): void {
    const parsed = fromModelServer.safeParse(raw);
    if (parsed.success) this.#handle(parsed.data);
    else this.#misunderstood(parsed.error.message);
  }

  #misunderstood(why: string): void {
    const message = `The engine answered in a form that nobody understands: ${why}`;
    this.kill(new AppError({ code: 'BAD_ANSWER', kind: 'internal', message }));
  }

  #handle(message: FromModelServer): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'heartbeat':
        this.#rssBytes = message.rssBytes;
        return;
      case 'loaded':
        this.#rssBytes = message.facts.rssBytes;
        return this.#load?.resolve(message.facts);
      case 'decoding':
        return message.ended ? this.#decodes.end(message.id) : this.#decodes.begin(message.id);
      case 'started':
        for (const id of message.ids) this.#markStarted(id);
        return;
      case 'done':
        return this.#settle(message.id, (pending) => pending.resolve(message.answer));
      case 'failed':
        if (message.id === undefined) this.#load?.reject(new AppError(message.error));
        else this.#settle(message.id, (pending) => pending.reject(new AppError(message.error)));
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

  #ended(how: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    clearInterval(this.#memoryCheck);
    this.#decodes.clear();
    const reason = this.#endReason ?? engineDied(how, this.#stderr);
    this.#load?.reject(reason);
    for (const id of [...this.#pending.keys()]) this.#settle(id, (pending) => pending.reject(reason));
  }

  /** While a network is opened or runs, the engine cannot speak: the kernel is asked. */
  #checkMemory(): void {
    if (this.pid === undefined || !this.#alive) return;
    this.#rssBytes = residentBytes(this.pid) ?? this.#rssBytes;
    if (this.#rssBytes <= this.#options.maxRssBytes) return;
    this.kill(networkMemory(this.#options.maxRssBytes));
  }

  #send(message: ToModelServer): void {
    const { head, bytes } = split(message);
    this.#channel.send(head, bytes);
  }
}

/** A node process of its own, with nothing of the parent but a channel. */
function startEngine({ env, guardCommand }: ModelServerProcessOptions): ChildProcess {
  const [command, ...before] = [...guardCommand, process.execPath];
  return spawn(command, [...before, ENGINE_MODULE], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    // Ctrl-C in a terminal reaches only the parent, which ends its engines in order.
    detached: true,
  });
}
