import { receivedError } from '../../errors/process-error.js';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';
import type { NetworkInMemory } from '../../domain/network.js';
import { networkMemoryLimit } from '../../networks/runtime/network-memory.js';
import type { JobProgress } from '../../domain/job.js';
import type { TaskResult } from '../../tasks/definition.js';
import { bundledModule } from '../../supervision/bundled-module.js';
import { describeEnd, type ChildEnd } from '../../supervision/child-end.js';
import { nodeProgram } from '../../supervision/child-program.js';
import { badAnswer } from '../../supervision/engine-errors.js';
import { residentBytes } from '../../supervision/resident-memory.js';
import { SupervisedChild } from '../../supervision/supervised-child.js';
import type { Waiter } from '../../supervision/waiters.js';
import { CallWatch } from './call-watch.js';
import { fromEngineMessage, type FromEngine, type RunRequest } from './protocol.js';
import { SilenceWatch, type SilenceLimits } from './silence-watch.js';

/** Limits and start options of one engine process. */
export interface JobEngineProcessOptions {
  /** Environment of the child; it must not contain secrets. */
  readonly env: NodeJS.ProcessEnv;
  /** Module that exports `loadPipeline`, in place of the product's tasks. */
  readonly pipelinesModule?: string;
  /** How long the child may send no message during a job before it is considered hung and killed. */
  readonly silence: SilenceLimits;
  /** Time between the request to stop and SIGKILL. */
  readonly stopGraceMs: number;
  /** Resident memory at which the child is killed and its job fails finally. */
  readonly maxRssBytes: number;
  /** Memory by which one call of a network may enlarge the child; {@link networkMemoryLimit} by default. */
  readonly maxCallBytes?: number;
  readonly onStderr: (text: string) => void;
}

/** Options of one run. */
export interface EngineRunOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onProgress: (progress: JobProgress) => void;
}

interface CurrentRun extends Waiter<TaskResult> {
  readonly onProgress: (progress: JobProgress) => void;
}

/**
 * Frames become garbage as soon as they are processed. With its defaults V8 lets garbage grow over some five
 * thousand frames, so that a long video would take a fifth more memory than a short one.
 * @public `scripts/bundle.mjs` compiles the code of the bundles with them.
 */
export const HEAP_ARGUMENTS = ['--max-semi-space-size=4', '--heap-growing-percent=10'];

const ENGINE_MODULE = fileURLToPath(new URL('./main.js', import.meta.url));

/** An engine process as seen by its worker: runs one job at a time and may be killed at any moment. */
export class JobEngineProcess {
  readonly #options: JobEngineProcessOptions;
  readonly #child: SupervisedChild;
  /** Settles when the process has exited. */
  readonly exited: Promise<unknown>;
  #run: CurrentRun | undefined;
  readonly #silence: SilenceWatch;
  readonly #calls: CallWatch;
  #jobs = 0;
  #reportedBytes = 0;
  #networks: readonly NetworkInMemory[] = [];

  constructor(options: JobEngineProcessOptions) {
    this.#options = options;
    const { maxRssBytes, maxCallBytes = networkMemoryLimit() } = options;
    this.#calls = new CallWatch({
      engine: { residentBytes: maxRssBytes, exceeded: () => resourceLimit(maxRssBytes) },
      callBytes: maxCallBytes,
      residentBytes: () => this.#memoryNow(),
      onOverrun: (error) => void this.#child.end(error),
    });
    this.#child = new SupervisedChild({
      program: engineProgram(options.pipelinesModule),
      env: options.env,
      channel: 'advanced',
      // Its own group, so that one signal also reaches the decoders, and Ctrl-C in a terminal reaches only
      // the worker.
      ownGroup: true,
      memory: this.#calls,
      lost: engineDied,
      invalidMessage: badAnswer,
      onMessage: (message) => this.#handle(fromEngineMessage.parse(message)),
      onStderr: options.onStderr,
    });
    this.exited = this.#child.ended;
    const hung = (): void => void this.#child.end(engineStalled(options.silence));
    this.#silence = new SilenceWatch(() => this.#child.pid, options.silence, hung);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it can run another job. */
  get usable(): boolean {
    return this.#child.usable && this.#run === undefined;
  }

  /** Number of finished jobs. */
  get jobs(): number {
    return this.#jobs;
  }

  /**
   * Resident memory: the larger of the values last reported by the system and by the engine, either of which
   * may be outdated.
   */
  get rssBytes(): number {
    return Math.max(this.#child.residentBytes, this.#reportedBytes);
  }

  /** Networks loaded in the engine, according to its last heartbeat. */
  get networks(): readonly NetworkInMemory[] {
    return this.#networks;
  }

  /**
   * Runs one job. Rejects with the engine's own error, with the reason of `signal` once the process has
   * exited, or with ENGINE_DIED, ENGINE_STALLED, JOB_TIMEOUT, JOB_MEMORY_LIMIT, NETWORK_TIMEOUT or NETWORK_MEMORY.
   */
  async run(request: RunRequest, { signal, timeoutMs, onProgress }: EngineRunOptions): Promise<TaskResult> {
    const begin = (waiter: Waiter<TaskResult>): void => {
      this.#run = { ...waiter, onProgress };
      this.#silence.heard();
      this.#calls.begin(request.modelTimeoutMs);
      this.#child.send(request);
    };
    try {
      return await this.#child.request(begin, {
        signal,
        timeLimit: { ms: timeoutMs, exceeded: () => jobTimeout(timeoutMs) },
        graceMs: this.#options.stopGraceMs,
      });
    } finally {
      this.#run = undefined;
      this.#silence.end();
      this.#calls.clear();
      this.#jobs += 1;
    }
  }

  /**
   * Asks the process to stop and kills it after the grace period; a running job rejects with `reason` when it
   * has exited.
   */
  stop(reason: unknown): void {
    void this.#child.end(reason, this.#options.stopGraceMs);
  }

  #memoryNow(): number {
    const { pid } = this.#child;
    return (pid === undefined ? null : residentBytes(pid)) ?? this.#reportedBytes;
  }

  #handle(message: FromEngine): void {
    if (this.#run) this.#silence.heard();
    switch (message.type) {
      case 'ready':
        return;
      case 'heartbeat':
        this.#reportedBytes = message.rssBytes;
        this.#networks = message.networks;
        // For systems that do not report the memory of a process.
        if (message.rssBytes > this.#calls.residentBytes) void this.#child.end(this.#calls.exceeded());
        return;
      case 'call':
        return this.#calls.note(message.call);
      case 'progress':
        if (this.#child.usable) this.#run?.onProgress(message.progress);
        return;
      case 'done':
        return this.#run?.resolve(message.result);
      case 'failed':
        return this.#run?.reject(receivedError(message.error));
    }
  }
}

function engineProgram(pipelinesModule: string | undefined) {
  // Pipelines of tests share modules with the engine.
  return nodeProgram(pipelinesModule === undefined ? bundledModule(ENGINE_MODULE) : ENGINE_MODULE, {
    args: pipelinesModule === undefined ? [] : ['--pipelines', pipelinesModule],
    // Of two equal options the last one applies. The worker's own heap options are for a process that
    // computes little.
    execArgv: [...process.execArgv, ...HEAP_ARGUMENTS],
  });
}

function engineDied(end: ChildEnd): AppError {
  return new AppError('ENGINE_DIED', {
    message: `The engine ended in the middle of the job (${describeEnd(end)}).`,
    details: { stderr: end.stderr },
  });
}

function engineStalled({ silentMs }: SilenceLimits): AppError {
  const message = `The engine sent no heartbeat for ${silentMs / 1000} s or more and was killed.`;
  return new AppError('ENGINE_STALLED', { message });
}

/** Final: a retry would take as long again. */
function jobTimeout(limitMs: number): AppError {
  const message = `The job ran longer than the limit of ${limitMs / 1000} s.`;
  return new AppError('JOB_TIMEOUT', { message });
}

/** Final: a retry would need as much memory again. */
function resourceLimit(limitBytes: number): AppError {
  const message = `The job needed more memory than the limit of ${Math.round(limitBytes / 2 ** 20)} MiB.`;
  return new AppError('JOB_MEMORY_LIMIT', { message });
}
