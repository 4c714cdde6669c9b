import os from 'node:os';
import { z } from 'zod';
import { AppError } from '../errors/app-error.js';
import { receivedError, describeError, processError, type ProcessError } from '../errors/process-error.js';
import { bundledModule } from './bundled-module.js';
import { nodeProgram } from './child-program.js';
import { minimalEnvironment } from './minimal-environment.js';
import { SupervisedChild } from './supervised-child.js';
import type { Waiter } from './waiters.js';

const GIBIBYTE = 2 ** 30;
const MAX_OPEN_FILES = 256;

/** Memory limit of a child that decodes users' files: a quarter of the machine's memory, at least 2 GiB. */
const fileMemoryBytes = (): number => Math.max(2 * GIBIBYTE, os.totalmem() / 4);

/** Options of a child that decodes users' files and answers one request at a time. */
export interface FileChildOptions<Value> {
  /** Module that calls {@link answerRequests}. */
  readonly module: string;
  /** The error when it exits, or is killed at a limit, without an answer. */
  readonly lost: ProcessError;
  readonly isValue: (value: unknown) => value is Value;
  /** Maximum size of a file that it writes, in bytes. */
  readonly fileSizeBytes: number;
  readonly memoryBytes?: number;
}

/** Bounds of one request. */
export interface FileRequestBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown().optional() }),
  z.object({ ok: z.literal(false), error: processError }),
]);

/**
 * The parent's side of a process that decodes users' files. The process gets no settings and little memory,
 * and dies with its parent.
 */
export class FileChild<Request extends object, Value> {
  readonly #options: FileChildOptions<Value>;
  readonly #child: SupervisedChild;
  #waiter: Waiter<Value> | undefined;

  constructor(options: FileChildOptions<Value>) {
    const { module, lost, fileSizeBytes, memoryBytes = fileMemoryBytes() } = options;
    this.#options = options;
    const error = (): AppError => receivedError(lost);
    this.#child = new SupervisedChild({
      program: nodeProgram(bundledModule(module)),
      env: minimalEnvironment(),
      channel: 'json',
      background: true,
      limits: { dataBytes: Math.floor(memoryBytes), fileSizeBytes, openFiles: MAX_OPEN_FILES },
      memory: { residentBytes: memoryBytes, exceeded: error },
      lost: error,
      invalidMessage: error,
      onMessage: (message) => this.#receive(message),
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get usable(): boolean {
    return this.#child.usable;
  }

  /**
   * @throws AppError of the child; `lost` when it exits or sends an invalid answer; the reason of `signal`
   */
  ask(request: Request, { timeoutMs, signal }: FileRequestBounds): Promise<Value> {
    const exceeded = (): AppError => receivedError(this.#options.lost);
    return this.#child.request<Value>(
      (waiter) => {
        this.#waiter = waiter;
        this.#child.send(request);
      },
      { signal, timeLimit: { ms: timeoutMs, exceeded } },
    );
  }

  /** Kills the process; a pending request rejects with `lost`. */
  end(): void {
    void this.#child.end(receivedError(this.#options.lost));
  }

  #receive(message: unknown): void {
    const parsed = answer.parse(message);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (!parsed.ok) waiter?.reject(receivedError(parsed.error));
    else if (this.#options.isValue(parsed.value)) waiter?.resolve(parsed.value);
    else waiter?.reject(receivedError(this.#options.lost));
  }
}

/** In the child: answers each request with the result of `work`; exits with its parent. */
export function answerRequests<Request, Value>(
  work: (request: Request) => Promise<Value>,
  fault: ProcessError,
): void {
  process.on('message', (request: Request) => {
    void answerOf(() => work(request), fault).then((reply) => process.send?.(reply));
  });
  // Unlike `exit`, SIGKILL does not wait for a decoder that runs on a thread.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

async function answerOf<Value>(
  work: () => Promise<Value>,
  fault: ProcessError,
): Promise<{ ok: true; value: Value } | { ok: false; error: ProcessError }> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    // Any other error is an internal fault; its message could contain paths.
    return { ok: false, error: error instanceof AppError ? describeError(error) : fault };
  }
}
