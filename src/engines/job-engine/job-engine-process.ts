import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError, messageOf } from '../../errors/app-error.js';
import { guarded } from '../../errors/guarded.js';
import type { JobProgress } from '../../domain/job.js';
import type { TaskResult } from '../../tasks/definition.js';
import { fromEngineMessage, type FromEngine, type RunRequest, type ToEngine } from './protocol.js';

/** Limits and start options of one engine process. */
export interface JobEngineProcessOptions {
  /** Environment of the child; it must hold no secrets. */
  readonly env: NodeJS.ProcessEnv;
  /** Command that ends the child with its parent (`setpriv --pdeathsig KILL --`); empty where there is none. */
  readonly guardCommand: readonly string[];
  /** Module that exports `loadPipeline`, instead of the product's tasks. */
  readonly pipelinesModule?: string;
  /** Silence after which the child counts as hung and is killed. */
  readonly heartbeatTimeoutMs: number;
  /** Time between the request to stop and SIGKILL. */
  readonly stopGraceMs: number;
  /** Resident memory at which the child is killed and its job fails for good. */
  readonly maxRssBytes: number;
  readonly onStderr: (text: string) => void;
}

/** What one run needs beside the order itself. */
export interface EngineRunOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onProgress: (progress: JobProgress) => void;
}

interface CurrentRun {
  readonly onProgress: (progress: JobProgress) => void;
  resolve(result: TaskResult): void;
  reject(error: unknown): void;
}

/**
 * Frames are garbage the moment they were looked at. By default V8 lets it grow until some five thousand frames on, so that
 * a long video would take a fifth more memory than a short one.
 */
const HEAP_ARGUMENTS = ['--max-semi-space-size=4', '--heap-growing-percent=10'];

const ENGINE_MODULE = fileURLToPath(new URL('./main.js', import.meta.url));
const STDERR_KEPT = 4_000;

/** One engine child as its worker sees it: runs one job at a time and may be killed at any moment. */
export class JobEngineProcess {
  readonly #options: JobEngineProcessOptions;
  readonly #child: ChildProcess;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  #alive = true;
  #run: CurrentRun | undefined;
  #endReason: unknown;
  #silence: NodeJS.Timeout | undefined;
  #jobs = 0;
  #rssBytes = 0;
  #stderr = '';

  constructor(options: JobEngineProcessOptions) {
    this.#options = options;
    const [guard, ...guardArguments] = options.guardCommand;
    // The later one of two equal options counts: the worker's own heap is set for a process that computes little.
    const nodeArguments = [...process.execArgv, ...HEAP_ARGUMENTS];
    this.#child = fork(
      ENGINE_MODULE,
      options.pipelinesModule ? ['--pipelines', options.pipelinesModule] : [],
      {
        env: options.env,
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        // Own process group: one signal reaches the decoders too, and Ctrl-C in a terminal reaches only the worker.
        detached: true,
        ...(guard === undefined
          ? { execArgv: nodeArguments }
          : { execPath: guard, execArgv: [...guardArguments, process.execPath, ...nodeArguments] }),
      },
    );
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => (this.#ended(signal ?? `code ${code}`), resolve()));
      this.#child.once('error', (error) => (this.#ended(error.message), resolve()));
    });
    this.#child.on(
      'message',
      guarded(this.#misunderstood, (message: unknown) => this.#receive(message)),
    );
    // The first error is the end of a process that never ran; later ones, of a signal that could not be sent, say nothing.
    this.#child.on('error', () => undefined);
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#keepStderr(chunk.toString()));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether another job may be given to it. */
  get usable(): boolean {
    return this.#alive && this.#endReason === undefined && this.#run === undefined;
  }

  /** Jobs that it has ended. */
  get jobs(): number {
    return this.#jobs;
  }

  /** Resident memory at the last heartbeat. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  /**
   * Runs one job. Rejects with the engine's own error, with the reason of `signal` once the process is gone,
   * or with ENGINE_DIED, ENGINE_STALLED, JOB_TIMEOUT or RESOURCE_LIMIT.
   */
  async run(order: RunRequest, { signal, timeoutMs, onProgress }: EngineRunOptions): Promise<TaskResult> {
    signal.throwIfAborted();
    const onAbort = () => this.stop(signal.reason);
    const overdue = setTimeout(() => this.stop(jobTimeout(timeoutMs)), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<TaskResult>((resolve, reject) => {
        this.#run = { resolve, reject, onProgress };
        this.#watchSilence();
        this.#send(order);
      });
    } finally {
      clearTimeout(overdue);
      clearTimeout(this.#silence);
      signal.removeEventListener('abort', onAbort);
      this.#jobs += 1;
    }
  }

  /** Asks the process to end, kills it after the grace; a running job rejects with `reason` when it is gone. */
  stop(reason: unknown, graceMs = this.#options.stopGraceMs): void {
    if (!this.#alive || this.#endReason !== undefined) return;
    this.#endReason = reason ?? new Error('The engine was stopped.');
    if (graceMs <= 0) return this.#kill();
    this.#send({ type: 'stop' });
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#kill(), graceMs);
    void this.exited.then(() => clearTimeout(kill));
  }

  readonly #misunderstood = (error: unknown): void => {
    const message = `The engine answered in a form that nobody understands: ${messageOf(error)}`;
    this.stop(new AppError({ code: 'BAD_ANSWER', kind: 'internal', message }), 0);
  };

  #receive(raw: unknown): void {
    const parsed = fromEngineMessage.safeParse(raw);
    if (!parsed.success) {
      return this.#misunderstood(parsed.error);
    }
    if (this.#run) this.#watchSilence();
    this.#handle(parsed.data);
  }

  #handle(message: FromEngine): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'heartbeat':
        this.#rssBytes = message.rssBytes;
        if (this.#rssBytes > this.#options.maxRssBytes)
          this.stop(resourceLimit(this.#options.maxRssBytes), 0);
        return;
      case 'progress':
        if (this.#endReason === undefined) this.#run?.onProgress(message.progress);
        return;
      case 'done':
        return this.#settle((run) => run.resolve(message.result));
      case 'failed':
        return this.#settle((run) => run.reject(new AppError(message.error)));
    }
  }

  /** A process that is being stopped settles its run by its end, so that compute is really over by then. */
  #settle(answer: (run: CurrentRun) => void): void {
    if (this.#endReason !== undefined) return;
    const run = this.#run;
    this.#run = undefined;
    if (run) answer(run);
  }

  #ended(how: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    const run = this.#run;
    this.#run = undefined;
    run?.reject(this.#endReason ?? engineDied(how, this.#stderr));
  }

  #watchSilence(): void {
    clearTimeout(this.#silence);
    const { heartbeatTimeoutMs } = this.#options;
    this.#silence = setTimeout(() => this.stop(engineStalled(heartbeatTimeoutMs), 0), heartbeatTimeoutMs);
  }

  #send(message: ToEngine): void {
    // A closed channel is reported by the exit event, which knows more.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || !this.#alive) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL');
    }
  }

  #keepStderr(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    this.#options.onStderr(text);
  }
}

function engineDied(how: string, stderr: string): AppError {
  return new AppError({
    code: 'ENGINE_DIED',
    kind: 'unavailable',
    message: `The engine ended in the middle of the job (${how}).`,
    details: { stderr },
  });
}

function engineStalled(limitMs: number): AppError {
  const message = `The engine gave no sign of life for ${limitMs / 1000} s and was killed.`;
  return new AppError({ code: 'ENGINE_STALLED', kind: 'timeout', message });
}

/** Final: the same job would run as long again. */
function jobTimeout(limitMs: number): AppError {
  const message = `The job ran longer than the limit of ${limitMs / 1000} s.`;
  return new AppError({ code: 'JOB_TIMEOUT', kind: 'too_large', message });
}

/** Final: the same job would need as much again. */
function resourceLimit(limitBytes: number): AppError {
  const message = `The job needed more memory than the limit of ${Math.round(limitBytes / 2 ** 20)} MiB.`;
  return new AppError({ code: 'RESOURCE_LIMIT', kind: 'too_large', message });
}
