import type { DeviceRequest } from '../../domain/job.js';
import type {
  AnsweringNetwork,
  Classification,
  ClassifyTimings,
  EngineRequest,
  EnginesReport,
  ImageDetections,
  LoadedNetwork,
  NetworkCatalogue,
  NetworkEngines,
  NetworkRef,
  NetworkSource,
} from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { buildOf } from '../../networks/open/network-build.js';
import type { CacheRequest } from '../../networks/runtime/cached-network.js';
import { DeviceProber } from '../../networks/runtime/device-probe/device-prober.js';
import { deviceVerdicts } from '../../networks/runtime/device-verdicts.js';
import { NetworkCache } from '../../networks/runtime/network-cache.js';
import { ModelCounters } from './counters.js';
import { ModelServerProcess, type ModelServerProcessOptions } from './model-server-process.js';
import { Replicas } from './replicas.js';
import type { LoadedFacts, LoadRequest, NetworkAnswer, NetworkWork } from './protocol.js';

/** Limits of all model servers of a process. */
export interface ModelServerPoolOptions extends Omit<ModelServerProcessOptions, 'decodeLimitMs'> {
  readonly catalogue: NetworkCatalogue;
  /** Maximum number of loaded networks. */
  readonly maxLoaded: number;
  /** Resident memory limit of all engines together. */
  readonly memoryBudgetBytes: number;
  /** Maximum number of engines per network under load. */
  readonly enginesPerNetwork: number;
  readonly threads: number;
  readonly device: { readonly requested: DeviceRequest; readonly strict: boolean };
  /** Default time limit of requests. */
  readonly timeoutMs: number;
  readonly loadTimeoutMs: number;
  readonly shrinkAfterMs: number;
  readonly image: LoadRequest['image'];
  readonly prober?: Pick<DeviceProber, 'verdict'>;
}

/**
 * Memory of a Node process with runtime and image library, before a network is loaded; the minimum estimate
 * for a load.
 */
const ENGINE_BASE_BYTES = 100 * 2 ** 20;
/** Weights are held twice: as read from the file, and packed for the device. */
const WEIGHT_COPIES = 2;
/** How long a load error is repeated to further requests without another attempt. */
const REFUSED_MS = 30_000;
const DEFAULT_QUEUE = 128;
/**
 * A request with a shorter timeout gets its error in time, but does not end the process, which other requests
 * share.
 */
const MIN_RUN_MS = 3_000;

/** Loaded networks, each in its own processes. See {@link NetworkEngines}. */
export class ModelServerPool implements NetworkEngines {
  readonly #options: ModelServerPoolOptions;
  readonly #prober: Pick<DeviceProber, 'verdict'>;
  readonly #cache: NetworkCache<Replicas>;
  readonly #counters = new ModelCounters();

  constructor(options: ModelServerPoolOptions) {
    this.#options = options;
    this.#prober = options.prober ?? new DeviceProber();
    this.#cache = new NetworkCache({
      maxLoaded: options.maxLoaded,
      memoryBudgetBytes: options.memoryBudgetBytes,
      whenAllInUse: 'wait',
      refusedMs: REFUSED_MS,
    });
  }

  load(request: EngineRequest & { readonly force?: boolean }): Promise<LoadedNetwork> {
    // Opening includes a run, so another warm-up is not needed.
    return this.#with(request, async (group) => this.#present(group));
  }

  unload(ref: NetworkRef): Promise<boolean> {
    return this.#cache.unload(ref);
  }

  loaded(): readonly LoadedNetwork[] {
    return this.#cache.list().map((group) => this.#present(group));
  }

  report(): EnginesReport {
    const { maxLoaded, memoryBudgetBytes } = this.#options;
    return {
      maxLoaded,
      memoryBudgetBytes,
      rssBytes: this.#cache.memoryBytes,
      cache: this.#cache.counts,
      counts: this.#counters.all(),
    };
  }

  async classify(request: Parameters<NetworkEngines['classify']>[0]): Promise<Classification> {
    const { source, options } = request;
    const startedAt = performance.now();
    const { answer, network } = await this.#run(request, { kind: 'classify', source, options });
    if (answer.kind !== 'classify') throw badAnswer();
    const timings = withQueue(answer.classification.timings, startedAt);
    this.#counters.answered(request.id, { ...answer.classification, timings });
    return { ...answer.classification, timings, network };
  }

  async detect(request: Parameters<NetworkEngines['detect']>[0]): Promise<ImageDetections> {
    const { source, options } = request;
    const startedAt = performance.now();
    const { answer, network } = await this.#run(request, { kind: 'detect', source, options });
    if (answer.kind !== 'detect') throw badAnswer();
    const timings = withQueue(answer.found.timings, startedAt);
    this.#counters.answered(request.id, { ...answer.found, timings });
    return { ...answer.found, timings, network };
  }

  async infer(request: Parameters<NetworkEngines['infer']>[0]): ReturnType<NetworkEngines['infer']> {
    const { feeds, outputs } = request;
    const startedAt = performance.now();
    const { answer } = await this.#run(request, { kind: 'infer', feeds, outputs });
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

  close(): Promise<void> {
    return this.#cache.close({ force: true });
  }

  #run(request: EngineRequest, work: NetworkWork): Promise<Answered> {
    const limitMs = this.#options.timeoutMs;
    const timeoutMs = request.timeoutMs ?? limitMs;
    const runMs = Math.min(limitMs, MIN_RUN_MS);
    const signal = request.signal ?? new AbortController().signal;
    const startedAt = performance.now();
    return this.#with(request, async (group) => {
      const left = Math.max(1, timeoutMs - (performance.now() - startedAt));
      try {
        const stop = timeoutMs < runMs ? { stopAfterMs: runMs } : {};
        return {
          answer: await group.run(work, { signal, timeoutMs: left, ...stop }),
          network: group.identity,
        };
      } catch (error) {
        this.#counters.failed(request.id);
        throw error;
      }
    });
  }

  async #with<Value>(
    { force, ...request }: EngineRequest & { readonly force?: boolean },
    work: (group: Replicas) => Promise<Value>,
  ): Promise<Value> {
    this.#cache.requireOpen();
    request.signal?.throwIfAborted();
    const source = await this.#options.catalogue.find(request);
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    const lease = this.#cache.acquire({ ...this.#requestOf(source), timeoutMs, force });
    try {
      // The request counts towards the network's queue while the network is being loaded.
      return await lease.handle.use(async () => {
        await lease.opened();
        return work(lease.handle);
      });
    } finally {
      lease.release();
    }
  }

  #requestOf(source: NetworkSource): CacheRequest<Replicas> {
    const { id, version, bytes } = source.network;
    return {
      id,
      version,
      build: buildOf(source),
      expectedBytes: ENGINE_BASE_BYTES + WEIGHT_COPIES * bytes,
      create: () => this.#group(source),
    };
  }

  #group(source: NetworkSource): Replicas {
    return new Replicas({
      source,
      maxEngines: this.#options.enginesPerNetwork,
      maxQueue: queueOf(source),
      shrinkAfterMs: this.#options.shrinkAfterMs,
      start: () => this.#start(source),
    });
  }

  async #start(
    source: NetworkSource,
  ): Promise<{ readonly engine: ModelServerProcess; readonly facts: LoadedFacts }> {
    const request = await this.#loadRequest(source);
    const { timeoutMs, image } = this.#options;
    // The decoder's own limit applies first, but some decoders do not check it everywhere.
    const decodeLimitMs = Math.min(timeoutMs, 2_000 * image.timeoutSeconds);
    const engine = new ModelServerProcess({ ...this.#options, decodeLimitMs });
    return { engine, facts: await engine.load(request, this.#options.loadTimeoutMs) };
  }

  async #loadRequest({ network, folder }: NetworkSource): Promise<LoadRequest> {
    const { device, threads, image } = this.#options;
    const verdicts = await deviceVerdicts(this.#prober, device);
    return { folder, manifest: network.manifest, device, verdicts, threads, image };
  }

  #present(group: Replicas): LoadedNetwork {
    const description = group.describe();
    return { ...description, counts: this.#counters.of(description.id) };
  }
}

/** An answer and the network that gave it. */
interface Answered {
  readonly answer: NetworkAnswer;
  readonly network: AnsweringNetwork;
}

/**
 * Adds the queue time: everything that is not work is waiting, for the load, the engine, the batch or the
 * transport.
 */
function withQueue(timings: ClassifyTimings, startedAt: number): ClassifyTimings {
  const { decodeMs, preprocessMs, inferenceMs, postprocessMs } = timings;
  const worked = decodeMs + preprocessMs + inferenceMs + postprocessMs;
  return { ...timings, queueMs: Math.max(0, performance.now() - startedAt - worked) };
}

function queueOf({ network }: NetworkSource): number {
  const { batching } = network.manifest;
  if (typeof batching !== 'object' || batching === null || !('maxQueue' in batching)) return DEFAULT_QUEUE;
  return typeof batching.maxQueue === 'number' ? batching.maxQueue : DEFAULT_QUEUE;
}

const badAnswer = (): AppError =>
  new AppError('BAD_ANSWER', { message: 'The answer of the engine does not match the request.' });
