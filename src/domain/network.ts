import type { ErrorCode } from '../errors/codes.js';
import type { Detection, DetectOptions } from './detection.js';
import type { DeviceReport } from './job.js';
import type { Tensor, TensorInfo } from './tensor.js';

/** Names a network; without `version` the highest one is meant. */
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
  /** What it is for: `classification`, `cns`, `inpainting`, `detection` … */
  readonly task: string;
  /** `folder` for `models/<id>/manifest.json`, `flat` for `models/<id>.onnx` with its metadata next to it. */
  readonly layout: 'folder' | 'flat';
  readonly sha256: string;
  /** Bytes of all its files. */
  readonly bytes: number;
  readonly licence: string | null;
  readonly source: string | null;
  /** Number of labels; null for networks without. */
  readonly classes: number | null;
  /** Preset or `custom`; null for networks whose input is no image. */
  readonly preprocessing: string | null;
  /** Null when it can be loaded. */
  readonly problem: NetworkProblem | null;
  /** The manifest as written, or for the flat layout the one made of its metadata. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** An installed network that an engine can open. */
export interface NetworkSource {
  readonly network: InstalledNetwork;
  /** Absolute folder that the manifest's file paths are relative to. */
  readonly folder: string;
}

/** The networks of the models folder, read again at every call: files may be added and removed at any time. */
export interface NetworkCatalogue {
  /** All versions of all networks, by id and then by version, unusable ones with their problem. */
  list(): Promise<readonly InstalledNetwork[]>;
  /** @throws AppError `NETWORK_NOT_FOUND` (not_found), or the network's problem. */
  find(ref: NetworkRef): Promise<NetworkSource>;
}

/** Which scores a caller requests. */
export interface ClassifyOptions {
  /** Most classes in the response, at least 1. */
  readonly topK: number;
  /** Lowest probability of a returned class, 0 to 1. */
  readonly threshold: number;
  /** Every class instead of `topK`, still at or above `threshold`. */
  readonly allClasses?: boolean;
  /** The network's raw output, besides the classes. */
  readonly scores?: boolean;
}

/** One returned class. */
export interface ClassPrediction {
  readonly label: string;
  readonly index: number;
  /** 0 to 1. */
  readonly probability: number;
}

/** Milliseconds of one image by stage. Stages that its batch shares count in full. */
export interface ClassifyTimings {
  /** Waiting: for the engine, and for others of the batch. */
  readonly queueMs: number;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferenceMs: number;
  readonly postprocessMs: number;
}

/** Which build of a network gave an answer, and where it ran. */
export type AnsweringNetwork = Pick<LoadedNetwork, 'id' | 'version' | 'sha256' | 'device'>;

/** The classification of one image. */
export interface Classification {
  readonly network: AnsweringNetwork;
  readonly predictions: readonly ClassPrediction[];
  /** Shannon entropy of all probabilities in bits: 0 is certain, log2(classes) knows nothing. */
  readonly entropy: number;
  /** Probability of the best class minus that of the second. */
  readonly margin: number;
  readonly classes: number;
  /** Only with {@link ClassifyOptions.scores}. */
  readonly scores?: readonly number[];
  /** Size and type of the image as it came; null for tensors. */
  readonly image: ClassifiedImage | null;
  readonly timings: ClassifyTimings;
  /** Images that the network computed together with this one, itself included. */
  readonly batchSize: number;
}

/** The detections in one image. */
export interface ImageDetections extends Pick<Classification, 'network' | 'image' | 'timings' | 'batchSize'> {
  /** The highest score first; boxes in pixels of the image as it came. */
  readonly detections: readonly Detection[];
}

/** An image as it came. */
interface ClassifiedImage {
  readonly width: number;
  readonly height: number;
  readonly format: string;
  /** How it was read where that may be unexpected, one sentence each. */
  readonly warnings: readonly string[];
}

/** An encoded image. */
export interface ImageSource {
  readonly kind: 'image';
  readonly bytes: Uint8Array;
}

/** What is to be classified: an encoded image, or a tensor that is the network's input already. */
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
  /** Requests that wait or run now. */
  readonly inFlight: number;
  /** The processes that hold it, with their resident memory at the last sign of life. */
  readonly engines: readonly { readonly pid: number; readonly rssBytes: number }[];
  readonly counts: NetworkCounts;
}

/** Counters of a network since the process started, over all its loads. */
export interface NetworkCounts {
  /** Images or tensors answered. */
  readonly answered: number;
  readonly failed: number;
  /** Runs of the graph: below `answered` where images were joined. */
  readonly runs: number;
  /** Sums in milliseconds over all answers, by stage. */
  readonly totals: ClassifyTimings;
}

/** Limits and state of all engines together. */
export interface EnginesReport {
  readonly maxLoaded: number;
  readonly memoryBudgetBytes: number;
  /** Resident memory of all engines. */
  readonly rssBytes: number;
  /** Cache hits, loads and evictions. */
  readonly cache: { readonly hits: number; readonly misses: number; readonly evictions: number };
  /** By network id, unloaded ones too. */
  readonly counts: Readonly<Record<string, NetworkCounts>>;
}

/** How one request is limited. */
export interface EngineRequest extends NetworkRef {
  /** Ends the work when it aborts; the reason is what the promise rejects with. */
  readonly signal?: AbortSignal;
  /** Milliseconds from now until the work is stopped with `INFERENCE_TIMEOUT`; the setting unless given. */
  readonly timeoutMs?: number;
}

/**
 * Networks that run in separate processes. `classify`, `detect` and `infer` load a network that is not in memory; one load
 * is in flight for each network, however many ask.
 *
 * All methods that name a network throw the errors of {@link NetworkCatalogue.find} and what loading found wrong:
 * `NETWORK_…` and `MODEL_…` codes (invalid), `NETWORKS_BUSY` (unavailable) when no network can be evicted.
 */
export interface NetworkEngines {
  /**
   * Loads a network, or finds it loaded; it has run by then. `force` retries at once a network whose load has just failed:
   * all other requests get the same error for a while.
   */
  load(request: EngineRequest & { readonly force?: boolean }): Promise<LoadedNetwork>;
  /** Ends the network's processes once what runs on them is answered. False when it was not in memory. */
  unload(ref: NetworkRef): Promise<boolean>;
  /** Loaded networks, most recently used first. */
  loaded(): readonly LoadedNetwork[];
  report(): EnginesReport;
  /**
   * @throws AppError `PICTURE_…` (invalid, too_large or unsupported_type) for what is wrong with the image,
   * `QUEUE_FULL` (unavailable), `INFERENCE_TIMEOUT` (timeout), `ENGINE_DIED` (unavailable)
   */
  classify(
    request: EngineRequest & { readonly source: ClassifySource; readonly options: ClassifyOptions },
  ): Promise<Classification>;
  /**
   * Finds the objects of an image.
   * @throws AppError `LABELS_UNKNOWN` (invalid), and what `classify` throws
   */
  detect(
    request: EngineRequest & { readonly source: ImageSource; readonly options: DetectOptions },
  ): Promise<ImageDetections>;
  /**
   * Runs the graph on tensors as they are, without preprocessing.
   * @throws AppError `MODEL_MISMATCH` (invalid) naming input, expected and given, and what `classify` throws
   */
  infer(
    request: EngineRequest & {
      readonly feeds: Readonly<Record<string, Tensor>>;
      /** Names of the wanted outputs; all unless given. */
      readonly outputs?: readonly string[];
    },
  ): Promise<Readonly<Record<string, Tensor>>>;
  /**
   * Opens a network in a separate process with limits on time and memory, runs it once and ends the process.
   * @throws AppError for whatever is wrong with it
   */
  check(source: NetworkSource): Promise<Pick<LoadedNetwork, 'inputs' | 'outputs' | 'maxBatch' | 'loadMs'>>;
  close(): Promise<void>;
}

/** A network that an administrator uploads. Its files are in a temporary folder; accepted ones are moved. */
export interface NewNetwork {
  readonly id: string;
  readonly version: string;
  /** Path of the ONNX file. */
  readonly modelPath: string;
  /** Path of a JSON file: the manifest without `id`, `version` and `files`; a classifier's defaults where it says nothing. */
  readonly manifestPath?: string;
  /** Path of the file with the labels in the order of the classes. */
  readonly labelsPath?: string;
}

/** Installs and removes networks atomically: a network is either completely visible or not at all. */
export interface NetworkLibrary extends NetworkCatalogue {
  /**
   * Makes a network visible once `check` has accepted it.
   * @throws AppError `NETWORK_EXISTS` (conflict), `NETWORK_ID_INVALID`, `NETWORK_MANIFEST_INVALID`, `TOO_LONG`, `LABELS_MISSING` or
   * `LABELS_INVALID` (invalid), and what `check` throws; nothing is installed then
   */
  install(network: NewNetwork, check: (source: NetworkSource) => Promise<void>): Promise<InstalledNetwork>;
  /**
   * Removes a version, or all of them.
   * @throws AppError `NETWORK_NOT_FOUND`, or `NETWORK_IN_PRODUCT` (conflict) for one that is no classifier
   */
  remove(ref: NetworkRef): Promise<void>;
  /**
   * Writes the metadata of a network in the flat layout once `check` has accepted the network with them; the ones that
   * were there stay until then. Metadata that say what is known already are not checked again.
   * @throws AppError `METADATA_INVALID` (invalid), `METADATA_CONFLICT` (conflict) for metadata that make a classifier
   * something else, and what `check` throws
   */
  describe(
    id: string,
    metadata: Readonly<Record<string, unknown>>,
    check: (source: NetworkSource) => Promise<void>,
  ): Promise<void>;
}
