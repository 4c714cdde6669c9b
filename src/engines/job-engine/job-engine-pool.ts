import type { JobEngineNetwork } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import type { TaskResult } from '../../tasks/definition.js';
import {
  JobEngineProcess,
  type JobEngineProcessOptions,
  type EngineRunOptions,
} from './job-engine-process.js';
import type { RunRequest } from './protocol.js';

/** Size of a pool and when its engines are replaced. */
export interface JobEnginePoolOptions extends Omit<JobEngineProcessOptions, 'onStderr'> {
  /** Engines that may run at the same time; a run beyond waits for its turn. */
  readonly size: number;
  /** Jobs after which an engine is replaced: arenas of native libraries only grow. */
  readonly maxJobsPerEngine: number;
  /** Resident memory above which an idle engine is replaced. */
  readonly recycleRssBytes: number;
  readonly onStderr: (engine: { readonly pid: number | undefined }, text: string) => void;
}

/**
 * Engine processes that are kept warm between jobs. One job per engine at a time; an engine that was
 * stopped, failed unexpectedly, grew or served long enough is replaced by a fresh one.
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

  /** Engines that run a job now. */
  get busy(): number {
    return this.#busy;
  }

  /** Process ids of all engines, for health pages and tests. */
  get pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Networks that engines had in memory at their last heartbeats. */
  get networks(): readonly JobEngineNetwork[] {
    return [...this.#all].flatMap(({ pid, networks }) =>
      pid === undefined ? [] : networks.map((network) => ({ ...network, pid })),
    );
  }

  /** Runs one job on the next free engine; see `JobEngineProcess.run` for how it fails. */
  async run(order: RunRequest, options: EngineRunOptions): Promise<TaskResult> {
    await this.#turn(options.signal);
    const engine = this.#idle.pop() ?? this.#start();
    try {
      const result = await engine.run(order, options);
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

  /** Ends all engines and waits until they are gone; jobs that still run reject. */
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

  /** The place goes straight to the next in line; counted down and up again, a newcomer could slip in between. */
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

/** Whether what failed may be the process, or the state of its device. */
const isSuspect = ({ kind, code }: AppError): boolean => kind === 'internal' || code === 'DEVICE_RUN_FAILED';
