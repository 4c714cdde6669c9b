import type { DeviceRequest } from '../../domain/job.js';
import type {
  Classification,
  EngineRequest,
  EnginesReport,
  LoadedNetwork,
  NetworkCatalogue,
  NetworkEngines,
  NetworkRef,
  NetworkSource,
} from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { DeviceProber } from '../../inference/runtime/device-prober.js';
import { deviceVerdicts } from '../../inference/runtime/device-verdicts.js';
import { NetworkCounters } from './network-counters.js';
import {
  inferenceTimeout,
  NetworkEngineProcess,
  type NetworkEngineProcessOptions,
} from './network-engine-process.js';
import { NetworkGroup } from './network-group.js';
import type { LoadedFacts, LoadOrder, NetworkAnswer, NetworkWork } from './network-protocol.js';

/** Limits of all network engines of a process. */
export interface NetworkEnginePoolOptions extends NetworkEngineProcessOptions {
  readonly catalogue: NetworkCatalogue;
  /** Networks in memory at most. */
  readonly maxLoaded: number;
  /** Resident memory of all engines together; networks out of use go first when it is exceeded. */
  readonly memoryBudgetBytes: number;
  /** Engines that one network may have under load. */
  readonly enginesPerNetwork: number;
  readonly threads: number;
  readonly device: { readonly requested: DeviceRequest; readonly strict: boolean };
  /** Limit of requests that name none. */
  readonly timeoutMs: number;
  readonly loadTimeoutMs: number;
  readonly shrinkAfterMs: number;
  readonly picture: LoadOrder['picture'];
  readonly prober?: Pick<DeviceProber, 'verdict'>;
}

/** A Node process with runtime and image library, before any network; what a load is expected to take at least. */
const ENGINE_BASE_BYTES = 100 * 2 ** 20;
/** Weights are read, then packed for the device. */
const WEIGHT_COPIES = 2;
const DEFAULT_QUEUE = 128;

/** Networks in memory, each in processes of its own. See {@link NetworkEngines}. */
export class NetworkEnginePool implements NetworkEngines {
  readonly #options: NetworkEnginePoolOptions;
  readonly #prober: Pick<DeviceProber, 'verdict'>;
  /** By identity, in the order of their last use: the first one goes first. */
  readonly #groups = new Map<string, NetworkGroup>();
  readonly #opening = new Map<string, OpeningGroup>();
  readonly #counters = new NetworkCounters();
  #admission: Promise<unknown> = Promise.resolve();
  #idleWaiters: (() => void)[] = [];
  #cache = { hits: 0, misses: 0, evictions: 0 };
  #closed = false;

  constructor(options: NetworkEnginePoolOptions) {
    this.#options = options;
    this.#prober = options.prober ?? new DeviceProber();
  }

  async load(request: EngineRequest & { readonly warmUp?: boolean }): Promise<LoadedNetwork> {
    // Opening has run the network once already, so a warm-up has nothing to add.
    return this.#with(request, async (group) => this.#present(group));
  }

  async unload(ref: NetworkRef): Promise<boolean> {
    const groups = [...this.#groups].filter(
      ([, { source }]) =>
        source.network.id === ref.id && (ref.version === undefined || source.network.version === ref.version),
    );
    for (const [key, group] of groups) {
      this.#groups.delete(key);
      await this.#whenIdle(group);
      await group.close();
    }
    return groups.length > 0;
  }

  loaded(): readonly LoadedNetwork[] {
    return [...this.#groups.values()].reverse().map((group) => this.#present(group));
  }

  report(): EnginesReport {
    const { maxLoaded, memoryBudgetBytes } = this.#options;
    return {
      maxLoaded,
      memoryBudgetBytes,
      rssBytes: this.#rssBytes(),
      cache: { ...this.#cache },
      counts: this.#counters.all(),
    };
  }

  async classify(request: Parameters<NetworkEngines['classify']>[0]): Promise<Classification> {
    const { source, options } = request;
    const startedAt = performance.now();
    const answer = await this.#run(request, { kind: 'classify', source, options });
    if (answer.kind !== 'classify') throw badAnswer();
    const timings = { ...answer.classification.timings };
    const { decodeMs, preprocessMs, inferenceMs, postprocessMs } = timings;
    const worked = decodeMs + preprocessMs + inferenceMs + postprocessMs;
    // All that is not work is waiting: for the network to load, for the engine, for the batch, for the wire.
    timings.queueMs = Math.max(0, performance.now() - startedAt - worked);
    const classification = { ...answer.classification, timings };
    this.#counters.answered(request.id, classification);
    return classification;
  }

  async infer(request: Parameters<NetworkEngines['infer']>[0]): ReturnType<NetworkEngines['infer']> {
    const { feeds, outputs } = request;
    const startedAt = performance.now();
    const answer = await this.#run(request, { kind: 'infer', feeds, outputs });
    if (answer.kind !== 'infer') throw badAnswer();
    this.#counters.inferred(request.id, performance.now() - startedAt);
    return answer.outputs;
  }

  async check(source: NetworkSource): ReturnType<NetworkEngines['check']> {
    const startedAt = performance.now();
    const { engine, facts } = await this.#start(source);
    await engine.retire();
    const { inputs, outputs, maxBatch } = facts;
    return { inputs, outputs, maxBatch, loadMs: performance.now() - startedAt };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#opening.values()].map(({ ready }) => ready));
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    await Promise.all(groups.map((group) => group.close()));
  }

  #run(request: EngineRequest, work: NetworkWork): Promise<NetworkAnswer> {
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    const signal = request.signal ?? new AbortController().signal;
    const startedAt = performance.now();
    return this.#with(request, async (group) => {
      const left = Math.max(1, timeoutMs - (performance.now() - startedAt));
      try {
        return await group.run(work, { signal, timeoutMs: left });
      } catch (error) {
        this.#counters.failed(request.id);
        throw error;
      }
    });
  }

  /** Does something with a network, opened if need be; nothing pushes it out of memory meanwhile. */
  async #with<Value>(request: EngineRequest, work: (group: NetworkGroup) => Promise<Value>): Promise<Value> {
    if (this.#closed) throw shuttingDown();
    request.signal?.throwIfAborted();
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    const { group, ready } = this.#groupOf(await this.#options.catalogue.find(request), timeoutMs);
    try {
      return await group.use(async () => {
        if (ready) await within(ready, timeoutMs);
        return work(group);
      });
    } finally {
      this.#wakeIdle();
    }
  }

  /** The group of a network, found or being opened. Without awaiting, so that no network is opened twice. */
  #groupOf(source: NetworkSource, timeoutMs: number): FoundGroup {
    const key = keyOf(source);
    const known = this.#groups.get(key);
    if (known) {
      this.#groups.delete(key);
      this.#groups.set(key, known);
      this.#cache.hits += 1;
      return { group: known, ready: null };
    }
    const opening = this.#opening.get(key);
    if (opening) return opening;
    this.#cache.misses += 1;
    const group = this.#group(source);
    const ready = this.#admit(group, key, timeoutMs).finally(() => this.#opening.delete(key));
    // Whoever asked may have given up by then.
    ready.catch(() => undefined);
    this.#opening.set(key, { group, ready });
    return { group, ready };
  }

  /** One network is let in at a time, so that two loads cannot both take the last place. */
  #admit(group: NetworkGroup, key: string, timeoutMs: number): Promise<void> {
    const admitted = this.#admission.then(async () => {
      await this.#dropOtherBuilds(group.source, key);
      await this.#makeRoom(group.source, timeoutMs);
      await group.open();
      this.#groups.set(key, group);
    });
    this.#admission = admitted.catch(() => undefined);
    return admitted;
  }

  /** A file that was replaced under the same id and version. */
  async #dropOtherBuilds({ network }: NetworkSource, key: string): Promise<void> {
    for (const [other, { source }] of this.#groups) {
      const same = source.network.id === network.id && source.network.version === network.version;
      if (same && other !== key) await this.unload({ id: network.id, version: network.version });
    }
  }

  async #makeRoom({ network }: NetworkSource, timeoutMs: number): Promise<void> {
    const { maxLoaded, memoryBudgetBytes } = this.#options;
    const expected = ENGINE_BASE_BYTES + WEIGHT_COPIES * network.bytes;
    const deadline = performance.now() + timeoutMs;
    const full = (): boolean =>
      this.#groups.size >= maxLoaded ||
      (this.#groups.size > 0 && this.#rssBytes() + expected > memoryBudgetBytes);
    while (full()) {
      const idle = [...this.#groups].find(([, group]) => group.inFlight === 0);
      if (idle) {
        this.#groups.delete(idle[0]);
        this.#cache.evictions += 1;
        await idle[1].close();
      } else {
        const left = deadline - performance.now();
        if (left <= 0) throw networksBusy(this.#groups.size);
        await this.#nextIdle(left);
      }
    }
  }

  #group(source: NetworkSource): NetworkGroup {
    return new NetworkGroup({
      source,
      maxEngines: this.#options.enginesPerNetwork,
      maxQueue: queueOf(source),
      shrinkAfterMs: this.#options.shrinkAfterMs,
      start: () => this.#start(source),
    });
  }

  async #start(
    source: NetworkSource,
  ): Promise<{ readonly engine: NetworkEngineProcess; readonly facts: LoadedFacts }> {
    const order = await this.#order(source);
    const engine = new NetworkEngineProcess(this.#options);
    return { engine, facts: await engine.load(order, this.#options.loadTimeoutMs) };
  }

  async #order({ network, folder }: NetworkSource): Promise<LoadOrder> {
    const { device, threads, picture } = this.#options;
    const verdicts = await deviceVerdicts(this.#prober, device);
    return { folder, manifest: network.manifest, device, verdicts, threads, picture };
  }

  #present(group: NetworkGroup): LoadedNetwork {
    const description = group.describe();
    return { ...description, counts: this.#counters.of(description.id) };
  }

  #rssBytes(): number {
    return [...this.#groups.values()].reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    waiters.forEach((wake) => wake());
  }

  #nextIdle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, timeoutMs);
      this.#idleWaiters.push(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  async #whenIdle(group: NetworkGroup): Promise<void> {
    while (group.inFlight > 0) await this.#nextIdle(this.#options.timeoutMs);
  }
}

/** A group with the moment from which it can be used; null for one that is there. */
interface FoundGroup {
  readonly group: NetworkGroup;
  readonly ready: Promise<void> | null;
}

/** One that is not there yet. */
interface OpeningGroup extends FoundGroup {
  readonly ready: Promise<void>;
}

const keys = new WeakMap<object, string>();

/** What tells one build of a network from another: its files and everything its manifest says. */
function keyOf({ network }: NetworkSource): string {
  const known = keys.get(network);
  if (known !== undefined) return known;
  const key = JSON.stringify([network.id, network.version, network.sha256, network.manifest]);
  keys.set(network, key);
  return key;
}

/** Waits for a load no longer than its request may take; the load itself goes on for others. */
async function within(ready: Promise<void>, timeoutMs: number): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(inferenceTimeout(timeoutMs)), timeoutMs);
  });
  try {
    await Promise.race([ready, overdue]);
  } finally {
    clearTimeout(late);
  }
}

function queueOf({ network }: NetworkSource): number {
  const { batching } = network.manifest;
  if (typeof batching !== 'object' || batching === null || !('maxQueue' in batching)) return DEFAULT_QUEUE;
  return typeof batching.maxQueue === 'number' ? batching.maxQueue : DEFAULT_QUEUE;
}

const networksBusy = (count: number): AppError =>
  new AppError({
    code: 'NETWORKS_BUSY',
    kind: 'unavailable',
    message: `All ${String(count)} networks in memory are in use, so that no other can be loaded now.`,
    retryAfterSeconds: 2,
  });

const shuttingDown = (): AppError =>
  new AppError({ code: 'SHUTTING_DOWN', kind: 'unavailable', message: 'The networks are being closed.' });

const badAnswer = (): AppError =>
  new AppError({ code: 'BAD_ANSWER', kind: 'internal', message: 'The engine answered another question.' });
