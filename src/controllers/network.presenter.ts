import type { EnginesReport, JobEngineNetwork, LoadedNetwork, NetworkCounts } from '../domain/network.js';
import { toCredits, type MicroCredits } from '../domain/money.js';
import type { ModelOffer } from '../services/model-offers.service.js';
import type { NetworkView } from '../services/network-status.js';

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

/** Counters of a network and the mean time per image of each stage. */
function presentCounts({ answered, failed, runs, totals }: NetworkCounts) {
  const average = (total: number): number => rounded(answered === 0 ? 0 : total / answered);
  return {
    answered,
    failed,
    runs,
    average: {
      queue_time_ms: average(totals.queueMs),
      decode_time_ms: average(totals.decodeMs),
      preprocess_time_ms: average(totals.preprocessMs),
      inference_time_ms: average(totals.inferenceMs),
      postprocess_time_ms: average(totals.postprocessMs),
    },
  };
}

/** A loaded network. */
export function presentLoaded(network: LoadedNetwork) {
  const { requested, used, reason } = network.device;
  const tensor = ({ name, dtype, dims }: LoadedNetwork['inputs'][number]) => ({
    name,
    dtype,
    shape: dims,
  });
  return {
    model_id: network.id,
    version: network.version,
    model_type: network.task,
    sha256: network.sha256,
    device: { requested, used, reason },
    inputs: network.inputs.map(tensor),
    outputs: network.outputs.map(tensor),
    max_batch: network.maxBatch,
    load_time_ms: rounded(network.loadMs),
    loaded_at: network.loadedAt.toISOString(),
    last_used: network.lastUsedAt.toISOString(),
    in_flight: network.inFlight,
    memory_bytes: network.engines.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    engines: network.engines.length,
    counts: presentCounts(network.counts),
  };
}

/** Limits and formats of stored media and of synchronous requests. */
export interface ModelLimits {
  readonly formats: Readonly<Record<'image' | 'video', readonly string[]>>;
  readonly maxFileBytes: number;
  readonly maxImagePixels: number;
  readonly maxVideoPixels: number;
  readonly maxFrames: number;
  readonly synchronous: {
    readonly maxFileBytes: number;
    readonly maxImages: number;
    readonly timeoutMs: number;
  };
}

const creditsOrNull = (price: MicroCredits | null): number | null =>
  price === null ? null : toCredits(price);

function presentOffer({ task, media, synchronous, prices }: ModelOffer, limits: ModelLimits) {
  const takesVideo = media.includes('video');
  return {
    task,
    media,
    price: {
      preset: prices.preset,
      version: prices.version,
      perImage: creditsOrNull(prices.perImage),
      perFrame: creditsOrNull(prices.perFrame),
      perMegapixel: null,
    },
    constraints: {
      formats: media.flatMap((kind) => limits.formats[kind]),
      maxFileBytes: limits.maxFileBytes,
      maxImagePixels: media.includes('image') ? limits.maxImagePixels : null,
      maxVideoPixels: takesVideo ? limits.maxVideoPixels : null,
      maxFrames: takesVideo ? limits.maxFrames : null,
    },
    synchronous: synchronous ? limits.synchronous : null,
  };
}

/** What a network can be used for, and its limits. */
export interface ModelUses {
  readonly offers: readonly ModelOffer[];
  readonly limits: ModelLimits;
}

/** An installed network and its loaded copies. */
export function presentModel({ installed, loaded, jobEngines }: NetworkView, { offers, limits }: ModelUses) {
  const { id, version, task, layout, sha256, bytes } = installed;
  const { licence, source, classes, preprocessing, problem } = installed;
  return {
    id,
    version,
    task,
    layout,
    sha256,
    bytes,
    licence,
    source,
    classes,
    preprocessing,
    problem,
    loaded: loaded && presentLoaded(loaded),
    job_engines: jobEngines,
    warm: loaded !== null || jobEngines > 0,
    device: loaded === null ? null : loaded.device.used,
    tasks: problem === null ? offers.map((offer) => presentOffer(offer, limits)) : [],
  };
}

/** A network that a job engine keeps loaded. */
export const presentJobEngine = ({ id, version, sha256, device, bytes, pid }: JobEngineNetwork) => ({
  model_id: id,
  version,
  sha256,
  device,
  file_bytes: bytes,
  pid,
});

/** Memory of the engines and of this process. */
export function presentMemory(report: EnginesReport, loaded: number) {
  const { rss, heapUsed } = process.memoryUsage();
  return {
    loaded_models: loaded,
    max_models: report.maxLoaded,
    engines_rss_bytes: report.rssBytes,
    budget_bytes: Math.round(report.memoryBudgetBytes),
    api_rss_bytes: rss,
    api_heap_used_bytes: heapUsed,
  };
}

/** Status of the engines in the format of the compatibility route. */
export function presentEngineStatus(report: EnginesReport, loaded: readonly LoadedNetwork[]) {
  const counts = Object.entries(report.counts);
  const sum = (key: 'answered' | 'failed'): number =>
    counts.reduce((total, [, count]) => total + count[key], 0);
  return {
    success: true,
    status: 'operational',
    uptime: process.uptime(),
    memory: presentMemory(report, loaded.length),
    cache: report.cache,
    inference: {
      total: sum('answered'),
      failed: sum('failed'),
      models: Object.fromEntries(counts.map(([id, count]) => [id, presentCounts(count)])),
    },
    models: {
      loaded: loaded.length,
      max_capacity: report.maxLoaded,
      ids: loaded.map(({ id }) => id),
    },
    timestamp: new Date().toISOString(),
  };
}
