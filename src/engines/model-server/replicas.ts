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

/** Requests that wait for an engine before it gets company, where a batch is larger. */
const CROWD = 4;
/** Ends of an engine that another request may have caused. */
const DEATHS = new Set(['ENGINE_DIED', 'NETWORK_MEMORY']);
/** Tries of a request whose engine died under it. */
const ATTEMPTS = 2;
/**
 * Milliseconds of work that an engine is given ahead, so that it never waits. All else waits here, where a request
 * that is given up is removed at once and the next engine that has room takes the oldest one.
 */
const AHEAD_MS = 150;
/** One to compute and one to prepare. */
const LEAST_AHEAD = 2;
/** Share of the newest answer in what is thought of the network's pace. */
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
  /** Milliseconds that an engine takes for a request; not known at first. */
  #pace = 0;
  readonly #answeredAt = new WeakMap<ModelServerProcess, number>();
  #shrink: NodeJS.Timeout | undefined;
  /** Requests that saw an engine die run one after the other, so that the culprit takes no second one with it. */
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

  /** Runs one request on the engine with the least to do, in the order of their coming. @throws AppError the engine's */
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

  /** Ends all engines and waits until they are gone: their memory is back then. */
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
      const died = error instanceof AppError && DEATHS.has(error.code);
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

  /** Answers of one batch come together, so only their mean tells the pace. */
  #learnPace(engine: ModelServerProcess, givenAt: number): void {
    const now = performance.now();
    const taken = now - Math.max(givenAt, this.#answeredAt.get(engine) ?? 0);
    this.#answeredAt.set(engine, now);
    this.#pace = this.#pace === 0 ? taken : NEWEST * taken + (1 - NEWEST) * this.#pace;
  }

  #usable(): ModelServerProcess[] {
    return [...this.#engines].filter((engine) => engine.usable);
  }

  /** Of the engines that may be given one more request, the one with the least to do. */
  #withRoom(): ModelServerProcess | undefined {
    const most = 2 * this.facts.maxBatch;
    const ahead = this.#pace === 0 ? most : Math.ceil(AHEAD_MS / this.#pace);
    const limit = Math.max(LEAST_AHEAD, Math.min(most, ahead));
    const [first, ...others] = this.#usable().filter(({ pending }) => pending < limit);
    return others.reduce<ModelServerProcess | undefined>(
      (best, engine) => (best && engine.pending >= best.pending ? best : engine),
      first,
    );
  }

  /** Requests that wait get the engines that have room; without any engine one is started. */
  #giveTurns(): void {
    while (this.#queue.size > 0) {
      const engine = this.#withRoom();
      if (!engine) break;
      this.#queue.next(engine);
    }
    if (this.#queue.size > 0) this.#grow();
  }

  /** The first engine, or one more once so many wait for the one with the least to do that it will not catch up soon. */
  #grow(): void {
    const usable = this.#usable();
    if (this.#starting || this.#closed) return;
    if (usable.length === 0) {
      if (this.#queue.size === 0) return;
      this.#start().catch((error: unknown) => this.#queue.clear(error));
      return;
    }
    const least = Math.min(...usable.map(({ pending }) => pending));
    const crowded = this.#queue.size > 0 || least > Math.min(this.facts.maxBatch, CROWD);
    if (!crowded || this.#engines.size >= this.#options.maxEngines) return;
    // A second engine that cannot start is no request's problem: the first one serves on.
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
