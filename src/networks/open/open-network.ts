import type { DeviceReport, DeviceRequest, DeviceUsed } from '../../domain/job.js';
import type { NetworkSource } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { Classifier } from '../classification/classifier.js';
import { CLASSIFIER_FILE, classifierManifestSchema } from '../classification/classifier-manifest.js';
import { Detector } from '../detection/detector.js';
import { DETECTOR_TASK, parseDetectorManifest } from '../detection/detector-manifest.js';
import type { FitImage } from '../detection/image-input.js';
import { chooseDevice } from '../runtime/device.js';
import { networkManifestSchema, type NetworkManifest } from '../store/manifest.js';
import { loadNetwork, type LoadedNetwork, type NetworkSessions } from '../runtime/network-loader.js';
import type { NetworkRegistry } from '../runtime/network-registry.js';
import { openOnnxSession, type SessionOpener } from '../runtime/onnx-session.js';
import { producerOf, readOnnxFacts, type OnnxFacts } from '../runtime/onnx-facts.js';
import { explainLoadFailure, refuseUnloadable } from '../runtime/refuse-unloadable.js';
import type { TensorSession } from '../runtime/tensor-session.js';
import { buildOf } from './network-build.js';

/** The network to open, and where. */
export interface OpenRequest {
  /** Folder to which the manifest's file paths are relative. */
  readonly folder: string;
  /** As returned by the catalogue, with labels inline. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly device: { readonly requested: DeviceRequest; readonly strict: boolean };
  /** Whether each device can be used at all. */
  readonly verdicts: Readonly<Record<DeviceUsed, { readonly ok: boolean; readonly reason: string }>>;
  readonly threads: number;
}

/** A network that is open in this process. */
export interface OpenNetwork {
  readonly session: TensorSession;
  /** Null for networks of other tasks, like `detector`. Networks with neither accept only tensors. */
  readonly classifier: Classifier | null;
  readonly detector: Detector | null;
  readonly maxDelayMs: number;
  readonly device: DeviceReport;
}

/** A lease on a network of this process, which may be shared. */
export interface LeasedNetwork extends OpenNetwork {
  /** Releases the lease; the network stays loaded until its memory is needed. Idempotent. */
  release(): void;
}

/**
 * Opens the requested network on the best device that works, and warms it up with one run.
 * @param fit resizes images to the size of a detector's input: `fitImage` of the media folder
 * @throws AppError of the loader, of {@link refuseUnloadable}, of the classifier and of the detector
 */
export async function openNetwork(request: OpenRequest, fit: FitImage): Promise<OpenNetwork> {
  const { manifest, file, open, warmUp } = opening(request.manifest, fit);
  const { value, report } = await chooseDevice(
    { device: request.device.requested, strict: request.device.strict },
    async (device) => {
      refuseDevice(request, device);
      const { folder, threads } = request;
      const loaded = await loadNetwork(open, { folder, manifest, files: [file], device, threads, warmUp });
      return { value: loaded, reason: loaded.evidence };
    },
  );
  return { ...usersOf(sessionOf(value, file)), device: report };
}

/**
 * Leases a network that is loaded in this process, or loads it.
 * @throws AppError as {@link openNetwork} does
 */
export async function leaseNetwork(
  networks: NetworkRegistry,
  { source, device, threads }: LeaseRequest,
  fit: FitImage,
): Promise<LeasedNetwork> {
  const { manifest, file, open, warmUp } = opening(source.network.manifest, fit);
  const lease = await networks.acquireSource({
    folder: source.folder,
    manifest,
    build: buildOf(source),
    files: [file],
    preference: { device: device.requested, strict: device.strict },
    threads,
    open,
    warmUp,
  });
  return { ...usersOf(lease.session(file)), device: lease.device, release: lease.release };
}

/** The installed network to lease, and its device. */
export interface LeaseRequest extends Pick<OpenRequest, 'device' | 'threads'> {
  readonly source: NetworkSource;
}

/** A session and the objects that answer image requests with it. */
type Users = Pick<OpenNetwork, 'session' | 'classifier' | 'detector' | 'maxDelayMs'>;

/** Created by the warm-up of a session and collected with it. */
const users = new WeakMap<TensorSession, Users>();

const usersOf = (session: TensorSession): Users =>
  users.get(session) ?? { session, classifier: null, detector: null, maxDelayMs: 0 };

/** How to open and warm up a network of the catalogue. */
function opening(written: OpenRequest['manifest'], fit: FitImage) {
  const manifest = networkManifestSchema.parse(written);
  const file = onlyFile(manifest);
  let facts: OnnxFacts | undefined;
  const open: SessionOpener = async (options) => {
    const found = readOnnxFacts(options.model);
    refuseUnloadable(options.model, found);
    facts = found;
    return openOnnxSession(options).catch((error: unknown) => {
      throw explainLoadFailure(error, found);
    });
  };
  const warmUp = async (sessions: NetworkSessions): Promise<void> => {
    const session = sessions.get(file);
    if (session === undefined) return;
    const opened = await openUsers(session, { manifest, facts, fit });
    users.set(session, { ...usersOf(session), ...opened });
  };
  return { manifest, file, open, warmUp };
}

interface Known {
  readonly manifest: NetworkManifest;
  readonly facts: OnnxFacts | undefined;
  readonly fit: FitImage;
}

/** Runs the network once as its task does. */
async function openUsers(session: TensorSession, { manifest, facts, fit }: Known): Promise<Partial<Users>> {
  if (manifest.task === 'classification') {
    const classified = classifierManifestSchema.parse(manifest);
    return {
      classifier: await Classifier.open({
        session,
        manifest: classified,
        labels: inline(classified.labels),
        producer: (name) => facts && producerOf(facts, name),
      }),
      maxDelayMs: classified.batching.maxDelayMs,
    };
  }
  if (manifest.task !== DETECTOR_TASK) return {};
  const detecting = parseDetectorManifest(manifest);
  return {
    detector: await Detector.open({ session, manifest: detecting, labels: inline(detecting.labels), fit }),
  };
}

const inline = (labels: string | readonly string[] | undefined): readonly string[] =>
  typeof labels === 'string' || labels === undefined ? [] : labels;

/** The file that requests run: the one named `model`, or the only one. */
function onlyFile({ id, files }: NetworkManifest): string {
  const names = Object.keys(files);
  if (names.includes(CLASSIFIER_FILE)) return CLASSIFIER_FILE;
  if (names.length === 1) return names[0];
  throw new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: `Network ${id} has ${String(names.length)} files (${names.join(', ')}) that only its own task knows how to use.`,
  });
}

function refuseDevice({ verdicts }: OpenRequest, device: DeviceUsed): void {
  const { ok, reason } = verdicts[device];
  if (ok) return;
  throw new AppError('DEVICE_REFUSED', { message: reason, details: { device } });
}

function sessionOf({ sessions }: LoadedNetwork, file: string): TensorSession {
  const session = sessions.get(file);
  if (session) return session;
  throw new Error(`the loader opened no session ${file}`);
}
