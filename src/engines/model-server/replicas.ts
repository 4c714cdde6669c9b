import type { AnsweringNetwork, LoadedNetwork, NetworkSource } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import type { CachedNetwork } from '../../networks/runtime/cached-network.js';
import { engineKilled } from '../../supervision/engine-errors.js';
import type { ModelServerProcess, NetworkRunOptions } from './model-server-process.js';
import type { LoadedFacts, NetworkAnswer, NetworkWork } from './protocol.js';
import { ModelAdmissionQueue } from './admission-queue.js';

/** Options of a group of engines. */
export interface ReplicasOptions {
  readonly source: NetworkSource;
  /** Maximum number of engines of this network; more than one is started only while requests queue up. */
  readonly maxEngines: number;
  /** Maximum number of requests that wait or run. */
  readonly maxQueue: number;
  /** Milliseconds without a request after which engines beyond the first are stopped. */
  readonly shrinkAfterMs: number;
  /** Starts an engine and opens the network in it. */
  start(): Promise<{ readonly engine: ModelServerProcess; readonly facts: LoadedFacts }>;
}

/** Queue depth from which another engine is started, unless a batch is smaller. */
const LONG_QUEUE = 4;
/** Error codes of engine crashes that another request may have caused. */
const CRASH_CODES = new Set(['ENGINE_DIED', 'NETWORK_MEMORY']);
/** Maximum number of attempts of a request whose engine crashed. */
const ATTEMPTS = 2;
/**
 * Milliseconds of work sent to an engine in advance (prefetch), so that it is never idle. Other requests wait
 * here, where a cancelled request is removed immediately, and the next engine with capacity takes the oldest
 * one.
 */
const PREFETCH_MS = 150;
/** Minimum prefetch: one running request and one that is being prepared. */
const MIN_PREFETCH = 2;
/** Weight of the newest response in the latency average. */
const NEWEST = 0.1;

/**
 * The engines of one network: dispatches requests, starts more engines under load, and replaces crashed ones.
 */
export class Replicas implements CachedNetwork {
  readonly #options: ReplicasOptions;
  readonly #engines = new Set<ModelServerProcess>();
  readonly loadedAt = new Date();
  lastUsedAt = new Date();
  #facts: LoadedFacts | undefined;
  #starting: Promise<ModelServerProcess> | undefined;
  #inFlight = 0;
  readonly #queue = new ModelAdmissionQueue<ModelServerProcess>();
  /** Latency average of a request on an engine in milliseconds; 0 before the first response. */
  #averageMs = 0;
  readonly #answeredAt = new WeakMap<ModelServerProcess, number>();
  #shrink: NodeJS.Timeout | undefined;
  /**
   * Requests whose engine crashed are retried one at a time (quarantine), so that the one that causes the
   * crash affects no others again.
   */
  #quarantine: Promise<unknown> = Promise.resolve();
  #closed = false;
  loadMs = 0;

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  get source(): NetworkSource {
    return this.#options.source;
  }

  /** Number of requests that wait or run. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resident memory of all its engines. */
  get memoryBytes(): number {
    return [...this.#engines].reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  }

  /** Facts about the open network. @throws when it was never opened */
  get facts(): LoadedFacts {
    if (!this.#facts) throw new Error('the network was never opened');
    return this.#facts;
  }

  /** The network named in answers. */
  get identity(): AnsweringNetwork {
    const { id, version, sha256 } = this.source.network;
    return { id, version, sha256, device: this.facts.device };
  }

  /** Opens the network in its first engine. */
  async open(): Promise<void> {
    const startedAt = performance.now();
    await this.#start();
    this.loadMs = performance.now() - startedAt;
  }

  /**
   * Keeps the network loaded while `work` runs.
   * @throws AppError `QUEUE_FULL` (unavailable)
   */
  async use<Value>(work: () => Promise<Value>): Promise<Value> {
    const { maxQueue } = this.#options;
    if (this.#inFlight >= maxQueue) throw queueFull(this.source.network.id, maxQueue);
    this.#inFlight += 1;
    this.lastUsedAt = new Date();
    try {
      return await work();
    } finally {
      this.#inFlight -= 1;
      this.#planShrink();
    }
  }

  /** Runs one request on the least busy engine, in FIFO order. @throws AppError of the engine */
  run(work: NetworkWork, options: NetworkRunOptions): Promise<NetworkAnswer> {
    return this.#attempt(work, options, 1);
  }

  describe(): Omit<LoadedNetwork, 'counts'> {
    const { id, version, task, sha256 } = this.source.network;
    const { inputs, outputs, device, maxBatch } = this.facts;
    return {
      id,
      version,
      task,
      sha256,
      device,
      inputs,
      outputs,
      maxBatch,
      loadMs: this.loadMs,
      loadedAt: this.loadedAt,
      lastUsedAt: this.lastUsedAt,
      inFlight: this.#inFlight,
      engines: [...this.#engines].flatMap(({ pid, rssBytes }) =>
        pid === undefined ? [] : [{ pid, rssBytes }],
      ),
    };
  }

  /** Stops all engines and waits until they have exited, so that their memory is free. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#shrink);
    this.#queue.clear(engineKilled());
    await this.#starting?.catch(() => undefined);
    await Promise.all([...this.#engines].map((engine) => engine.retire()));
  }

  async #attempt(work: NetworkWork, options: NetworkRunOptions, attempt: number): Promise<NetworkAnswer> {
    const deadline = performance.now() + options.timeoutMs;
    try {
      return await this.#onNextEngine(work, options);
    } catch (error) {
      const died = error instanceof AppError && CRASH_CODES.has(error.code);
      if (!died || attempt >= ATTEMPTS || this.#closed) throw error;
      const again = this.#quarantine.then(() => {
        const timeoutMs = Math.max(1, deadline - performance.now());
        return this.#attempt(work, { ...options, timeoutMs }, attempt + 1);
      });
      this.#quarantine = again.catch(() => undefined);
      return again;
    }
  }

  #onNextEngine(work: NetworkWork, options: NetworkRunOptions): Promise<NetworkAnswer> {
    const engine = this.#queue.size === 0 ? this.#withCapacity() : undefined;
    const answer = engine
      ? this.#runOn(engine, work, options)
      : this.#queue.wait(options, (next, timeoutMs) => this.#runOn(next, work, { ...options, timeoutMs }));
    this.#grow();
    return answer;
  }

  async #runOn(
    engine: ModelServerProcess,
    work: NetworkWork,
    options: NetworkRunOptions,
  ): Promise<NetworkAnswer> {
    const givenAt = performance.now();
    try {
      const answer = await engine.run(work, options);
      this.#updateLatency(engine, givenAt);
      return answer;
    } finally {
      this.#dispatch();
    }
  }

  /** Updates the latency average. Responses of one batch arrive together, so only their mean is a latency. */
  #updateLatency(engine: ModelServerProcess, givenAt: number): void {
    const now = performance.now();
    const taken = now - Math.max(givenAt, this.#answeredAt.get(engine) ?? 0);
    this.#answeredAt.set(engine, now);
    this.#averageMs = this.#averageMs === 0 ? taken : NEWEST * taken + (1 - NEWEST) * this.#averageMs;
  }

  #usable(): ModelServerProcess[] {
    return [...this.#engines].filter((engine) => engine.usable);
  }

  /** The least busy engine with capacity for one more request. */
  #withCapacity(): ModelServerProcess | undefined {
    const most = 2 * this.facts.maxBatch;
    const prefetch = this.#averageMs === 0 ? most : Math.ceil(PREFETCH_MS / this.#averageMs);
    const limit = Math.max(MIN_PREFETCH, Math.min(most, prefetch));
    const [first, ...others] = this.#usable().filter(({ pending }) => pending < limit);
    return others.reduce<ModelServerProcess | undefined>(
      (best, engine) => (best && engine.pending >= best.pending ? best : engine),
      first,
    );
  }

  /** Dispatches waiting requests to engines with capacity; starts an engine if there is none. */
  #dispatch(): void {
    while (this.#queue.size > 0) {
      const engine = this.#withCapacity();
      if (!engine) break;
      this.#queue.next(engine);
    }
    if (this.#queue.size > 0) this.#grow();
  }

  /** Starts the first engine, or another one if the queue of the least busy one is long. */
  #grow(): void {
    const usable = this.#usable();
    if (this.#starting || this.#closed) return;
    if (usable.length === 0) {
      if (this.#queue.size === 0) return;
      this.#start().catch((error: unknown) => this.#queue.clear(error));
      return;
    }
    const least = Math.min(...usable.map(({ pending }) => pending));
    const overloaded = this.#queue.size > 0 || least > Math.min(this.facts.maxBatch, LONG_QUEUE);
    if (!overloaded || this.#engines.size >= this.#options.maxEngines) return;
    // If a further engine cannot start, the existing ones continue.
    this.#start().catch(() => undefined);
  }

  #start(): Promise<ModelServerProcess> {
    const started = this.#startEngine().finally(() => (this.#starting = undefined));
    this.#starting = started;
    void started.then(
      () => this.#dispatch(),
      () => undefined,
    );
    return started;
  }

  async #startEngine(): Promise<ModelServerProcess> {
    const { engine, facts } = await this.#options.start();
    this.#facts ??= facts;
    this.#engines.add(engine);
    void engine.exited.then(() => {
      this.#engines.delete(engine);
      this.#dispatch();
    });
    return engine;
  }

  #planShrink(): void {
    clearTimeout(this.#shrink);
    if (this.#inFlight > 0 || this.#engines.size < 2) return;
    this.#shrink = setTimeout(() => {
      const [, ...others] = [...this.#engines];
      if (this.#inFlight === 0) others.forEach((engine) => void engine.retire());
    }, this.#options.shrinkAfterMs).unref();
  }
}

const queueFull = (id: string, limit: number): AppError =>
  new AppError('QUEUE_FULL', {
    message: `Network ${id} already has ${String(limit)} waiting requests, which is its limit.`,
    details: { network: id, limit },
    retryAfterSeconds: 1,
  });
