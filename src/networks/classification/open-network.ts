import type { DeviceReport, DeviceRequest, DeviceUsed } from '../../domain/job.js';
import { AppError } from '../../errors/app-error.js';
import { Classifier } from './classifier.js';
import { CLASSIFIER_FILE, classifierManifestSchema, type ClassifierManifest } from './classifier-manifest.js';
import { chooseDevice } from '../runtime/device.js';
import { networkManifestSchema, type NetworkManifest } from '../runtime/manifest.js';
import { loadNetwork, type LoadedNetwork } from '../runtime/network-loader.js';
import { openOnnxSession, type SessionOpener } from '../runtime/onnx-session.js';
import { producerOf, readOnnxFacts, type OnnxFacts } from '../runtime/onnx-facts.js';
import { explainLoadFailure, refuseUnloadable } from '../runtime/refuse-unloadable.js';
import type { TensorSession } from '../runtime/tensor-session.js';

/** What to open. */
export interface OpenOrder {
  /** Folder that the manifest's file paths are relative to. */
  readonly folder: string;
  /** As the catalogue gave it; labels are inline. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly device: { readonly requested: DeviceRequest; readonly strict: boolean };
  /** Whether each device can be used at all. */
  readonly verdicts: Readonly<Record<DeviceUsed, { readonly ok: boolean; readonly reason: string }>>;
  readonly threads: number;
}

/** A network that is open in this process. */
export interface OpenNetwork {
  readonly session: TensorSession;
  /** Null for networks of other tasks: tensors only. */
  readonly classifier: Classifier | null;
  readonly maxDelayMs: number;
  readonly device: DeviceReport;
}

/**
 * Opens the network of an order on the best device that works, and runs it once.
 * @throws AppError of the loader, of {@link refuseUnloadable} and of the classifier
 */
export async function openNetwork(order: OpenOrder): Promise<OpenNetwork> {
  const manifest = networkManifestSchema.parse(order.manifest);
  const file = onlyFile(manifest);
  const classified =
    manifest.task === 'classification' ? classifierManifestSchema.parse(order.manifest) : null;
  const inspected: { facts?: OnnxFacts } = {};
  const open: SessionOpener = async (options) => {
    const facts = readOnnxFacts(options.model);
    refuseUnloadable(options.model, facts);
    inspected.facts = facts;
    return openOnnxSession(options).catch((error: unknown) => {
      throw explainLoadFailure(error, facts);
    });
  };
  const tried: { classifier?: Classifier } = {};
  const { value, report } = await chooseDevice(
    { device: order.device.requested, strict: order.device.strict },
    async (device) => {
      refuseDevice(order, device);
      const loaded = await loadNetwork(open, {
        folder: order.folder,
        manifest,
        files: [file],
        device,
        threads: order.threads,
        warmUp: async (sessions) => {
          const session = sessions.get(file);
          if (session && classified)
            tried.classifier = await openClassifier(session, classified, inspected.facts);
        },
      });
      return { value: loaded, reason: loaded.evidence };
    },
  );
  const session = sessionOf(value, file);
  return {
    session,
    classifier: tried.classifier ?? null,
    maxDelayMs: classified?.batching.maxDelayMs ?? 0,
    device: report,
  };
}

function openClassifier(
  session: TensorSession,
  manifest: ClassifierManifest,
  facts: OnnxFacts | undefined,
): Promise<Classifier> {
  return Classifier.open({
    session,
    manifest,
    labels: Array.isArray(manifest.labels) ? manifest.labels : [],
    producer: (name) => facts && producerOf(facts, name),
  });
}

/** The file that requests run: the one named `model`, or the only one. */
function onlyFile({ id, files }: NetworkManifest): string {
  const names = Object.keys(files);
  if (names.includes(CLASSIFIER_FILE)) return CLASSIFIER_FILE;
  if (names.length === 1) return names[0];
  throw new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: `Network ${id} has ${String(names.length)} files (${names.join(', ')}) that only its own task knows how to use.`,
  });
}

function refuseDevice({ verdicts }: OpenOrder, device: DeviceUsed): void {
  const { ok, reason } = verdicts[device];
  if (ok) return;
  throw new AppError('DEVICE_REFUSED', { message: reason, details: { device } });
}

function sessionOf({ sessions }: LoadedNetwork, file: string): TensorSession {
  const session = sessions.get(file);
  if (session) return session;
  throw new Error(`the loader opened no session ${file}`);
}
