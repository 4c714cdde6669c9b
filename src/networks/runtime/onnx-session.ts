import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './no-telemetry.js';
import { env, InferenceSession } from 'onnxruntime-node';
import type { DeviceUsed } from '../../domain/job.js';
import { AppError, messageOf } from '../../errors/app-error.js';
import { checkFeeds } from './check-feeds.js';
import { refuseExternalData } from './external-data.js';
import { reportedCall } from './network-calls.js';
import { readPlacement, type NodePlacement } from './node-placement.js';
import { tidyRuntimeMessage } from './runtime-message.js';
import { fromRuntimeTensor, toRuntimeTensor } from './runtime-tensor.js';
import type { Tensor, TensorInfo, TensorSession, WantedOutputs } from './tensor-session.js';

/** How to open a graph. */
export interface OnnxSessionOptions {
  /** Content of a self-contained ONNX file. */
  readonly model: Uint8Array;
  readonly device: DeviceUsed;
  /** Id of the network, for reports of its calls. */
  readonly network?: string;
  /** Threads per operator on the CPU, 1 by default, because several engines run in parallel. */
  readonly threads?: number;
  /** The model is the result of an earlier `optimisedFile`, so the runtime need not optimise it again. */
  readonly optimised?: boolean;
  /** Where the runtime writes the optimised model; valid on this machine only. */
  readonly optimisedFile?: string;
  /**
   * Records which device runs each node until `endProfile` is called. Off by default; no overhead afterwards.
   */
  readonly profile?: boolean;
}

/** A session that reports on which device its nodes ran. */
export interface ProfiledSession extends TensorSession {
  /** Ends the recording and counts node runs by device; all zeros for a session opened without `profile`. */
  endProfile(): Promise<NodePlacement>;
}

/** Opens graphs; passed to the registry, so that tests need no runtime. */
export type SessionOpener = (options: OnnxSessionOptions) => Promise<ProfiledSession>;

const NOTHING_PLACED: NodePlacement = { cpu: 0, cuda: 0, webgpu: 0 };

/**
 * Loads a graph. Blocks the thread while the runtime optimises it.
 * @throws AppError `MODEL_INVALID` (invalid) for a file that no device can load; for a GPU, any failure is
 *   `DEVICE_REFUSED` (unavailable), since only the device may be at fault.
 */
export const openOnnxSession: SessionOpener = async (options) => {
  refuseExternalData(options.model);
  // The runtime would print every failed provider to stderr; the error already contains the reason.
  env.logLevel = 'fatal';
  const folder = options.profile ? await mkdtemp(join(tmpdir(), 'infernode-profile-')) : null;
  try {
    return new OnnxSession(
      await reportedCall(options.network, () =>
        InferenceSession.create(options.model, sessionOptions(options, folder)),
      ),
      options,
      folder,
    );
  } catch (error) {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
    throw loadError(options.device, error);
  }
};

function sessionOptions(
  options: OnnxSessionOptions,
  profileFolder: string | null,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [options.device],
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: options.optimised ? 'disabled' : 'all',
    ...(options.optimisedFile === undefined ? {} : { optimizedModelFilePath: options.optimisedFile }),
    logSeverityLevel: 4,
    // Spinning threads make runs 2 to 3 times slower when the cores are busy.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    ...(profileFolder === null
      ? {}
      : { enableProfiling: true, profileFilePrefix: join(profileFolder, 'profile') }),
  };
}

function loadError(device: DeviceUsed, error: unknown): AppError {
  const cause = tidyRuntimeMessage(messageOf(error));
  if (device === 'cuda' && cause.includes('Failed to load shared library')) {
    const message =
      'the CUDA provider of ONNX Runtime is not installed (it needs an extra installation step) or cannot be loaded';
    return new AppError('DEVICE_REFUSED', { message, details: { device }, cause: error });
  }
  return device === 'cpu'
    ? new AppError('MODEL_INVALID', { message: `The network cannot be loaded: ${cause}`, cause: error })
    : new AppError('DEVICE_REFUSED', { message: cause, details: { device }, cause: error });
}

/** ONNX Runtime implementation of {@link TensorSession}. */
class OnnxSession implements ProfiledSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly device: DeviceUsed;
  readonly #network: string | undefined;
  #session: InferenceSession | null;
  #profileFolder: string | null;

  constructor(
    session: InferenceSession,
    { device, network }: Pick<OnnxSessionOptions, 'device' | 'network'>,
    profileFolder: string | null,
  ) {
    this.device = device;
    this.#network = network;
    this.#session = session;
    this.#profileFolder = profileFolder;
    this.inputs = session.inputMetadata.map(toInfo);
    this.outputs = session.outputMetadata.map(toInfo);
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    wanted?: WantedOutputs,
  ): Promise<Readonly<Record<string, Tensor>>> {
    checkFeeds(this.inputs, feeds);
    const session = this.#session;
    if (session === null)
      throw new AppError('SESSION_CLOSED', { message: 'The network was run after it was closed.' });
    const given = runtimeTensors(feeds);
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await reportedCall(this.#network, () =>
        wanted === undefined
          ? session.run(given)
          : session.run(given, isNames(wanted) ? wanted : runtimeTensors(wanted)),
      );
    } catch (error) {
      // On the CPU the network or its input is at fault; on another device it may be the device.
      throw new AppError(this.device === 'cpu' ? 'NETWORK_RUN_FAILED' : 'DEVICE_RUN_FAILED', {
        message: `The network could not be run: ${tidyRuntimeMessage(messageOf(error))}`,
        cause: error,
      });
    }
    return Object.fromEntries(
      Object.entries(results).map(([name, value]) => [name, fromRuntimeTensor(name, value)]),
    );
  }

  async endProfile(): Promise<NodePlacement> {
    const folder = this.#profileFolder;
    if (folder === null || this.#session === null) return NOTHING_PLACED;
    this.#profileFolder = null;
    this.#session.endProfiling();
    try {
      return await readPlacement(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    if (this.#session === null) return;
    await this.endProfile();
    const session = this.#session;
    this.#session = null;
    await session.release();
  }
}

const runtimeTensors = (tensors: Readonly<Record<string, Tensor>>): InferenceSession.FeedsType =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toRuntimeTensor(tensor)]));

const isNames = (wanted: WantedOutputs): wanted is readonly string[] => Array.isArray(wanted);

function toInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  return value.isTensor
    ? { name: value.name, dtype: value.type, dims: [...value.shape] }
    : { name: value.name, dtype: 'not a tensor', dims: [] };
}
