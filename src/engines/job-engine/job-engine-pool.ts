import type { JobEngineNetwork } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import type { TaskResult } from '../../tasks/definition.js';
import {
  JobEngineProcess,
  type JobEngineProcessOptions,
  type EngineRunOptions,
} from './job-engine-process.js';
import type { RunRequest } from './protocol.js';

/** Size of a pool, and when its engines are recycled. */
export interface JobEnginePoolOptions extends Omit<JobEngineProcessOptions, 'onStderr'> {
  /** Number of engines that may run at the same time; further jobs wait. */
  readonly size: number;
  /**
   * Number of jobs after which an engine is recycled, because the memory arenas of native libraries only
   * grow.
   */
  readonly maxJobsPerEngine: number;
  /** Resident memory above which an idle engine is recycled. */
  readonly recycleRssBytes: number;
  readonly onStderr: (engine: { readonly pid: number | undefined }, text: string) => void;
}

/**
 * Engine processes that are kept warm between jobs. Each runs one job at a time. An engine that was stopped,
 * failed unexpectedly, grew too large or ran enough jobs is replaced.
 */
export class JobEnginePool {
  readonly #options: JobEnginePoolOptions;
  readonly #idle: JobEngineProcess[] = [];
  readonly #all = new Set<JobEngineProcess>();
  readonly #queue: (() => void)[] = [];
  #busy = 0;
  #closed = false;

  constructor(options: JobEnginePoolOptions) {
    this.#options = options;
  }

  /** Number of engines that are running a job. */
  get busy(): number {
    return this.#busy;
  }

  /** Process ids of all engines, for health pages and tests. */
  get pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Networks loaded in engines, according to their last heartbeats. */
  get networks(): readonly JobEngineNetwork[] {
    return [...this.#all].flatMap(({ pid, networks }) =>
      pid === undefined ? [] : networks.map((network) => ({ ...network, pid })),
    );
  }

  /** Runs one job on the next free engine; see `JobEngineProcess.run` for its errors. */
  async run(request: RunRequest, options: EngineRunOptions): Promise<TaskResult> {
    await this.#turn(options.signal);
    const engine = this.#idle.pop() ?? this.#start();
    try {
      const result = await engine.run(request, options);
      this.#putBack(engine);
      return result;
    } catch (error) {
      if (error instanceof AppError && !isSuspect(error)) this.#putBack(engine);
      else this.#retire(engine);
      throw error;
    } finally {
      this.#passTurn();
    }
  }

  /** Stops all engines and waits until they have exited; running jobs reject. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const engine of this.#all) this.#retire(engine);
    await Promise.all([...this.#all].map(({ exited }) => exited));
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#closed) throw new Error('The engine pool is closed.');
    if (this.#busy < this.#options.size) {
      this.#busy += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#leave(start);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.#queue.push(start);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /**
   * Passes the slot directly to the next waiting job. If it were released first, a new job could take it out
   * of order.
   */
  #passTurn(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#busy -= 1;
  }

  #leave(start: () => void): void {
    const index = this.#queue.indexOf(start);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  #start(): JobEngineProcess {
    const engine: JobEngineProcess = new JobEngineProcess({
      ...this.#options,
      onStderr: (text) => this.#options.onStderr(engine, text),
    });
    this.#all.add(engine);
    void engine.exited.then(() => this.#forget(engine));
    return engine;
  }

  #putBack(engine: JobEngineProcess): void {
    const { maxJobsPerEngine, recycleRssBytes } = this.#options;
    const exhausted = engine.jobs >= maxJobsPerEngine || engine.rssBytes > recycleRssBytes;
    if (this.#closed || exhausted || !engine.usable) this.#retire(engine);
    else this.#idle.push(engine);
  }

  #retire(engine: JobEngineProcess): void {
    engine.stop(new Error('The engine pool retires this engine.'));
  }

  #forget(engine: JobEngineProcess): void {
    this.#all.delete(engine);
    const index = this.#idle.indexOf(engine);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}

/** Whether the error may be caused by the process, or by the state of its device. */
const isSuspect = ({ kind, code }: AppError): boolean => kind === 'internal' || code === 'DEVICE_RUN_FAILED';
