import type { ErrorCode } from '../errors/codes.js';
import type { Detection, DetectOptions } from './detection.js';
import type { DeviceReport, DeviceUsed } from './job.js';
import type { Tensor, TensorInfo } from './tensor.js';

/** Reference to a network; without `version`, the highest version. */
export interface NetworkRef {
  readonly id: string;
  readonly version?: string;
}

/** Why a network in the models folder cannot be used. */
export interface NetworkProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One version of a network in the models folder; it need not be loaded. */
export interface InstalledNetwork {
  readonly id: string;
  readonly version: string;
  /** Task: `classification`, `cns`, `inpainting`, `detection` … */
  readonly task: string;
  /** `folder` for `models/<id>/manifest.json`, `flat` for `models/<id>.onnx` with its metadata next to it. */
  readonly layout: 'folder' | 'flat';
  readonly sha256: string;
  /** Bytes of all its files. */
  readonly bytes: number;
  readonly licence: string | null;
  readonly source: string | null;
  /** Number of labels; `null` for networks without labels. */
  readonly classes: number | null;
  /** Preset or `custom`; `null` for networks that take no image. */
  readonly preprocessing: string | null;
  /** `null` when it can be loaded. */
  readonly problem: NetworkProblem | null;
  /** The manifest as written; for the flat layout, the one derived from its metadata. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** An installed network that an engine can open. */
export interface NetworkSource {
  readonly network: InstalledNetwork;
  /** Absolute folder to which the manifest's file paths are relative. */
  readonly folder: string;
}

/** The networks of the models folder, read on every call, because files may change at any time. */
export interface NetworkCatalogue {
  /** All versions of all networks, ordered by id, then version; unusable ones with their problem. */
  list(): Promise<readonly InstalledNetwork[]>;
  /**
   * Finds a usable network.
   * @throws AppError `NETWORK_NOT_FOUND` (not_found), or the network's problem
   */
  find(ref: NetworkRef): Promise<NetworkSource>;
}

/** Classification options. */
export interface ClassifyOptions {
  /** Maximum classes in the response, at least 1. */
  readonly topK: number;
  /** Lowest probability of a returned class, 0 to 1. */
  readonly threshold: number;
  /** Every class instead of `topK`, still at or above `threshold`. */
  readonly allClasses?: boolean;
  /** Also return the network's raw output. */
  readonly scores?: boolean;
}

/** One returned class. */
export interface ClassPrediction {
  readonly label: string;
  readonly index: number;
  /** 0 to 1. */
  readonly probability: number;
}

/** Milliseconds of one image by stage. Stages shared by a batch count in full for each image. */
export interface ClassifyTimings {
  /** Waiting for the engine and for batching. */
  readonly queueMs: number;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferenceMs: number;
  readonly postprocessMs: number;
}

/** The network that answered, and its device. */
export type AnsweringNetwork = Pick<LoadedNetwork, 'id' | 'version' | 'sha256' | 'device'>;

/** The classification of one image. */
export interface Classification {
  readonly network: AnsweringNetwork;
  readonly predictions: readonly ClassPrediction[];
  /** Shannon entropy of all probabilities in bits, 0 (certain) to log2(classes) (uniform). */
  readonly entropy: number;
  /** Probability of the best class minus that of the second. */
  readonly margin: number;
  readonly classes: number;
  /** Only with {@link ClassifyOptions.scores}. */
  readonly scores?: readonly number[];
  /** Size and format of the submitted image; `null` for tensors. */
  readonly image: ClassifiedImage | null;
  readonly timings: ClassifyTimings;
  /** Number of images in the same batch, including this one. */
  readonly batchSize: number;
}

/** The detections in one image. */
export interface ImageDetections extends Pick<Classification, 'network' | 'image' | 'timings' | 'batchSize'> {
  /** Highest score first; boxes in pixels of the submitted image. */
  readonly detections: readonly Detection[];
}

/** A submitted image. */
interface ClassifiedImage {
  readonly width: number;
  readonly height: number;
  readonly format: string;
  /** Notes on how it was decoded, one sentence each. */
  readonly warnings: readonly string[];
}

/** An encoded image. */
export interface ImageSource {
  readonly kind: 'image';
  readonly bytes: Uint8Array;
}

/** Input of a classification: an encoded image, or a tensor that already is the network's input. */
export type ClassifySource = ImageSource | { readonly kind: 'tensor'; readonly tensor: Tensor };

/** A loaded network. */
export interface LoadedNetwork {
  readonly id: string;
  readonly version: string;
  readonly task: string;
  readonly sha256: string;
  readonly device: DeviceReport;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Largest batch. */
  readonly maxBatch: number;
  readonly loadMs: number;
  readonly loadedAt: Date;
  readonly lastUsedAt: Date;
  /** Queued and running requests. */
  readonly inFlight: number;
  /** Its engine processes, with their resident memory at the last heartbeat. */
  readonly engines: readonly { readonly pid: number; readonly rssBytes: number }[];
  readonly counts: NetworkCounts;
}

/** Counters of a network since the process started, over all its loads. */
export interface NetworkCounts {
  /** Answered images or tensors. */
  readonly answered: number;
  readonly failed: number;
  /** Runs of the graph; fewer than `answered` when images were batched. */
  readonly runs: number;
  /** Sums in milliseconds over all answers, by stage. */
  readonly totals: ClassifyTimings;
}

/** A network that a process has in memory. */
export interface NetworkInMemory extends Required<NetworkRef> {
  readonly sha256: string;
  readonly device: DeviceUsed;
  /** Sum of its files' sizes. */
  readonly bytes: number;
}

/** A network that the engine of a worker keeps in memory for its next jobs. */
export interface JobEngineNetwork extends NetworkInMemory {
  /** Process of the worker's machine. */
  readonly pid: number;
}

/** Limits and state of all engines. */
export interface EnginesReport {
  readonly maxLoaded: number;
  readonly memoryBudgetBytes: number;
  /** Resident memory of all engines. */
  readonly rssBytes: number;
  /** Cache hits, loads and evictions. */
  readonly cache: { readonly hits: number; readonly misses: number; readonly evictions: number };
  /** By network id, including unloaded networks. */
  readonly counts: Readonly<Record<string, NetworkCounts>>;
}

/** A request for a network, with its limits. */
export interface EngineRequest extends NetworkRef {
  /** Stops the work when aborted; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Timeout in milliseconds, after which the work is stopped with `INFERENCE_TIMEOUT`; default: the setting. */
  readonly timeoutMs?: number;
}

/**
 * Networks that run in separate processes. `classify`, `detect` and `infer` load a network that is not in memory;
 * concurrent requests share one load per network.
 *
 * All methods that name a network throw the errors of {@link NetworkCatalogue.find} and those of loading: `NETWORK_…`
 * and `MODEL_…` codes (invalid), and `NETWORKS_BUSY` (unavailable) when no network can be evicted.
 */
export interface NetworkEngines {
  /**
   * Loads a network if needed and runs it once as a warm-up. `force` retries immediately after a failed load; other
   * requests get the same error for a while.
   */
  load(request: EngineRequest & { readonly force?: boolean }): Promise<LoadedNetwork>;
  /** Ends the network's processes once their requests are answered. False when it was not in memory. */
  unload(ref: NetworkRef): Promise<boolean>;
  /** Loaded networks, most recently used first. */
  loaded(): readonly LoadedNetwork[];
  report(): EnginesReport;
  /**
   * @throws AppError `PICTURE_…` (invalid, too_large or unsupported_type) for an unusable image, `QUEUE_FULL`
   * (unavailable), `INFERENCE_TIMEOUT` (timeout), `ENGINE_DIED` (unavailable)
   */
  classify(
    request: EngineRequest & { readonly source: ClassifySource; readonly options: ClassifyOptions },
  ): Promise<Classification>;
  /**
   * Detects the objects in an image.
   * @throws AppError `LABELS_UNKNOWN` (invalid), and the errors of `classify`
   */
  detect(
    request: EngineRequest & { readonly source: ImageSource; readonly options: DetectOptions },
  ): Promise<ImageDetections>;
  /**
   * Runs the graph on tensors without preprocessing.
   * @throws AppError `MODEL_MISMATCH` (invalid) naming input, expected and actual shape, and the errors of `classify`
   */
  infer(
    request: EngineRequest & {
      readonly feeds: Readonly<Record<string, Tensor>>;
      /** Names of the requested outputs; default all. */
      readonly outputs?: readonly string[];
    },
  ): Promise<Readonly<Record<string, Tensor>>>;
  /**
   * Validates a network: opens it in a separate process with limits on time and memory, runs it once and ends the
   * process.
   * @throws AppError for any problem of the network
   */
  check(source: NetworkSource): Promise<Pick<LoadedNetwork, 'inputs' | 'outputs' | 'maxBatch' | 'loadMs'>>;
  close(): Promise<void>;
}

/** A network uploaded by an administrator. Its files are in a temporary folder; accepted ones are moved. */
export interface NewNetwork {
  readonly id: string;
  readonly version: string;
  /** Path of the ONNX file. */
  readonly modelPath: string;
  /**
   * Path of a JSON file: the manifest without `id`, `version` and `files`; missing fields take the defaults of a
   * classifier.
   */
  readonly manifestPath?: string;
  /** Path of the label file, in the order of the classes. */
  readonly labelsPath?: string;
}

/** Installs and removes networks atomically: a network is either fully visible or not at all. */
export interface NetworkLibrary extends NetworkCatalogue {
  /**
   * Installs a network after `check` has accepted it.
   * @throws AppError `NETWORK_EXISTS` (conflict), `NETWORK_ID_INVALID`, `NETWORK_MANIFEST_INVALID`, `TOO_LONG`,
   * `LABELS_MISSING` or `LABELS_INVALID` (invalid), and the errors of `check`; nothing is installed then
   */
  install(network: NewNetwork, check: (source: NetworkSource) => Promise<void>): Promise<InstalledNetwork>;
  /**
   * Removes one version, or all versions.
   * @throws AppError `NETWORK_NOT_FOUND`, or `NETWORK_IN_PRODUCT` (conflict) for a network that is not a classifier
   */
  remove(ref: NetworkRef): Promise<void>;
  /**
   * Writes the metadata of a network in the flat layout after `check` has accepted the network with them; until then
   * the previous metadata stay. Unchanged metadata are not checked again.
   * @throws AppError `METADATA_INVALID` (invalid), `METADATA_CONFLICT` (conflict) for metadata that would turn a
   * classifier into something else, and the errors of `check`
   */
  describe(
    id: string,
    metadata: Readonly<Record<string, unknown>>,
    check: (source: NetworkSource) => Promise<void>,
  ): Promise<void>;
}
