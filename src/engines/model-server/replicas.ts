import type { AnsweringNetwork, LoadedNetwork, NetworkSource } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import type { CachedNetwork } from '../../networks/runtime/cached-network.js';
import { engineKilled } from '../../supervision/engine-errors.js';
import type { ModelServerProcess, NetworkRunOptions } from './model-server-process.js';
import type { LoadedFacts, NetworkAnswer, NetworkWork } from './protocol.js';
import { ModelAdmissionQueue } from './admission-queue.js';

/** What a group of engines is made of. */
export interface ReplicasOptions {
  readonly source: NetworkSource;
  /** Engines of this network at most; more than one is started only while requests queue up. */
  readonly maxEngines: number;
  /** Requests that may wait or run. */
  readonly maxQueue: number;
  /** Milliseconds without a request after which engines beyond the first are ended. */
  readonly shrinkAfterMs: number;
  /** Starts an engine and opens the network in it. */
  start(): Promise<{ readonly engine: ModelServerProcess; readonly facts: LoadedFacts }>;
}

/** Queue depth from which another engine is started, unless a batch is smaller. */
const LONG_QUEUE = 4;
/** Crashes of an engine that another request may have caused. */
const CRASH_CODES = new Set(['ENGINE_DIED', 'NETWORK_MEMORY']);
/** Attempts of a request whose engine crashed. */
const ATTEMPTS = 2;
/**
 * Milliseconds of work that an engine gets in advance (prefetch), so that it is never idle. Other requests wait here, where a request
 * that is cancelled is removed at once, and the next engine with capacity takes the oldest one.
 */
const PREFETCH_MS = 150;
/** One request that runs and one that is prepared. */
const LEAST_PREFETCH = 2;
/** Weight of the newest response in the latency average. */
const NEWEST = 0.1;

/** The engines of one network: shares requests out, grows under load, replaces engines that died. */
export class Replicas implements CachedNetwork {
  readonly #options: ReplicasOptions;
  readonly #engines = new Set<ModelServerProcess>();
  readonly loadedAt = new Date();
  lastUsedAt = new Date();
  #facts: LoadedFacts | undefined;
  #starting: Promise<ModelServerProcess> | undefined;
  #inFlight = 0;
  readonly #queue = new ModelAdmissionQueue<ModelServerProcess>();
  /** Average milliseconds of a request on an engine; 0 until the first response. */
  #averageMs = 0;
  readonly #answeredAt = new WeakMap<ModelServerProcess, number>();
  #shrink: NodeJS.Timeout | undefined;
  /** Requests whose engine crashed are retried one at a time, so that the one that causes it affects no others again. */
  #suspects: Promise<unknown> = Promise.resolve();
  #closed = false;
  loadMs = 0;

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  get source(): NetworkSource {
    return this.#options.source;
  }

  /** Requests that wait or run. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resident memory of all its engines. */
  get memoryBytes(): number {
    return [...this.#engines].reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  }

  /** Facts of the open network. @throws when it was never opened */
  get facts(): LoadedFacts {
    if (!this.#facts) throw new Error('the network was never opened');
    return this.#facts;
  }

  /** What answers name as their origin. */
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
   * Keeps the network in memory while `work` goes on, from the moment of the call.
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

  /** Runs one request on the least busy engine, first in, first out. @throws AppError the engine's */
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

  /** Ends all engines and waits until they have exited, so that their memory is free. */
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
      const again = this.#suspects.then(() => {
        const timeoutMs = Math.max(1, deadline - performance.now());
        return this.#attempt(work, { ...options, timeoutMs }, attempt + 1);
      });
      this.#suspects = again.catch(() => undefined);
      return again;
    }
  }

  #onNextEngine(work: NetworkWork, options: NetworkRunOptions): Promise<NetworkAnswer> {
    const engine = this.#queue.size === 0 ? this.#withRoom() : undefined;
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
      this.#learnPace(engine, givenAt);
      return answer;
    } finally {
      this.#giveTurns();
    }
  }

  /** Responses of one batch arrive together, so only their mean is a latency. */
  #learnPace(engine: ModelServerProcess, givenAt: number): void {
    const now = performance.now();
    const taken = now - Math.max(givenAt, this.#answeredAt.get(engine) ?? 0);
    this.#answeredAt.set(engine, now);
    this.#averageMs = this.#averageMs === 0 ? taken : NEWEST * taken + (1 - NEWEST) * this.#averageMs;
  }

  #usable(): ModelServerProcess[] {
    return [...this.#engines].filter((engine) => engine.usable);
  }

  /** The least busy of the engines with capacity for one more request. */
  #withRoom(): ModelServerProcess | undefined {
    const most = 2 * this.facts.maxBatch;
    const prefetch = this.#averageMs === 0 ? most : Math.ceil(PREFETCH_MS / this.#averageMs);
    const limit = Math.max(LEAST_PREFETCH, Math.min(most, prefetch));
    const [first, ...others] = this.#usable().filter(({ pending }) => pending < limit);
    return others.reduce<ModelServerProcess | undefined>(
      (best, engine) => (best && engine.pending >= best.pending ? best : engine),
      first,
    );
  }

  /** Dispatches waiting requests to engines with capacity; starts an engine if there is none. */
  #giveTurns(): void {
    while (this.#queue.size > 0) {
      const engine = this.#withRoom();
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
      () => this.#giveTurns(),
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
      this.#giveTurns();
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
    message: `${String(limit)} requests wait for network ${id} already.`,
    details: { network: id, limit },
    retryAfterSeconds: 1,
  });
