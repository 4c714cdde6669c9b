import type { LoadedNetwork, NetworkSource } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import type { NetworkEngineProcess, NetworkRunOptions } from './network-engine-process.js';
import type { LoadedFacts, NetworkAnswer, NetworkWork } from './network-protocol.js';

/** What a group of engines is made of. */
export interface NetworkGroupOptions {
  readonly source: NetworkSource;
  /** Engines of this network at most; more than one is started only while requests queue up. */
  readonly maxEngines: number;
  /** Requests that may wait or run. */
  readonly maxQueue: number;
  /** Milliseconds without a request after which engines beyond the first are ended. */
  readonly shrinkAfterMs: number;
  /** Starts an engine and opens the network in it. */
  start(): Promise<{ readonly engine: NetworkEngineProcess; readonly facts: LoadedFacts }>;
}

/** Requests that wait for an engine before it gets company, where a batch is larger. */
const CROWD = 4;
/** Tries of a request whose engine died under it. */
const ATTEMPTS = 2;

/** The engines of one network: shares requests out, grows under load, replaces engines that died. */
export class NetworkGroup {
  readonly #options: NetworkGroupOptions;
  readonly #engines = new Set<NetworkEngineProcess>();
  readonly loadedAt = new Date();
  lastUsedAt = new Date();
  #facts: LoadedFacts | undefined;
  #starting: Promise<NetworkEngineProcess> | undefined;
  #inFlight = 0;
  #shrink: NodeJS.Timeout | undefined;
  /** Requests that saw an engine die run one after the other, so that the culprit takes no second one with it. */
  #suspects: Promise<unknown> = Promise.resolve();
  #closed = false;
  loadMs = 0;

  constructor(options: NetworkGroupOptions) {
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
  get rssBytes(): number {
    return [...this.#engines].reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  }

  /** Facts of the open network. @throws when it was never opened */
  get facts(): LoadedFacts {
    if (!this.#facts) throw new Error('the network was never opened');
    return this.#facts;
  }

  /** Opens the network in its first engine. */
  async open(): Promise<void> {
    const startedAt = performance.now();
    await this.#engine();
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

  /** Runs one request on the engine with the least to do. @throws AppError the engine's */
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
    await this.#starting?.catch(() => undefined);
    await Promise.all([...this.#engines].map((engine) => engine.retire()));
  }

  async #attempt(work: NetworkWork, options: NetworkRunOptions, attempt: number): Promise<NetworkAnswer> {
    const deadline = performance.now() + options.timeoutMs;
    try {
      const engine = await this.#engine();
      this.#grow(engine);
      return await engine.run(work, options);
    } catch (error) {
      const died = error instanceof AppError && error.code === 'ENGINE_DIED';
      if (!died || attempt >= ATTEMPTS || this.#closed) throw error;
      const again = this.#suspects.then(() => {
        const timeoutMs = Math.max(1, deadline - performance.now());
        return this.#attempt(work, { ...options, timeoutMs }, attempt + 1);
      });
      this.#suspects = again.catch(() => undefined);
      return again;
    }
  }

  /** The usable engine with the least to do; the first one is started when there is none. */
  async #engine(): Promise<NetworkEngineProcess> {
    const usable = [...this.#engines].filter((engine) => engine.usable);
    if (usable.length === 0) return (this.#starting ??= this.#start());
    return usable.reduce((best, engine) => (engine.pending < best.pending ? engine : best));
  }

  /** One more engine once so many wait for the one with the least to do that it will not catch up soon. */
  #grow(leastBusy: NetworkEngineProcess): void {
    if (this.#starting || this.#closed || this.#engines.size >= this.#options.maxEngines) return;
    if (leastBusy.pending < Math.min(this.facts.maxBatch, CROWD)) return;
    this.#starting = this.#start();
    // A second engine that cannot start is no request's problem: the first one serves on.
    this.#starting.catch(() => undefined);
  }

  async #start(): Promise<NetworkEngineProcess> {
    try {
      const { engine, facts } = await this.#options.start();
      this.#facts ??= facts;
      this.#engines.add(engine);
      void engine.exited.then(() => this.#engines.delete(engine));
      return engine;
    } finally {
      this.#starting = undefined;
    }
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
  new AppError({
    code: 'QUEUE_FULL',
    kind: 'unavailable',
    message: `${String(limit)} requests wait for network ${id} already.`,
    details: { network: id, limit },
    retryAfterSeconds: 1,
  });
