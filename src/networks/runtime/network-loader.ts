import type { DeviceUsed } from '../../domain/job.js';
import { AppError } from '../../errors/app-error.js';
import type { NetworkManifest, TensorRecord } from '../store/manifest.js';
import { readNetworkFile } from '../store/network-files.js';
import { judgePlacement, sumPlacements } from './node-placement.js';
import type { ProfiledSession, SessionOpener } from './onnx-session.js';
import { modelMismatch, type TensorInfo, type TensorSession } from './tensor-session.js';

/** Sessions of a network by file name in its manifest. */
export type NetworkSessions = ReadonlyMap<string, TensorSession>;

/** The network to load. */
export interface LoadRequest {
  readonly folder: string;
  readonly manifest: NetworkManifest;
  /** Names of the files to open. */
  readonly files: readonly string[];
  readonly device: DeviceUsed;
  readonly threads: number;
  /** Runs every session once on small inputs; on a GPU, node placement is evaluated on this run. */
  readonly warmUp?: (sessions: NetworkSessions) => Promise<void>;
}

/** A network loaded on one device. */
export interface LoadedNetwork {
  readonly sessions: NetworkSessions;
  /**
   * Sum of the file sizes, which is what the memory budget counts; the runtime's work memory is additional.
   */
  readonly bytes: number;
  /** Evidence that the device really runs it. */
  readonly evidence: string;
  close(): Promise<void>;
}

/**
 * Reads, verifies and opens the files of a network, and runs the warm-up. On a GPU, the runtime's profile of
 * the warm-up must show that the device did the work, because providers may fall back to the CPU silently.
 * @throws AppError of {@link readNetworkFile} and of the opener; `MODEL_MISMATCH` when graph and manifest
 *   disagree; `DEVICE_REFUSED` (unavailable) when another device did the work
 */
export async function loadNetwork(open: SessionOpener, request: LoadRequest): Promise<LoadedNetwork> {
  const { manifest, device } = request;
  const profile = device !== 'cpu' && request.warmUp !== undefined;
  const opened = new Map<string, ProfiledSession>();
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((session) => session.close()));
  };
  try {
    for (const name of request.files) {
      const model = await readNetworkFile(request.folder, manifest, name);
      const session = await open({ model, device, network: manifest.id, threads: request.threads, profile });
      opened.set(name, session);
      checkInterface(`${manifest.id}/${name}`, session.inputs, manifest.inputs?.[name]);
      checkInterface(`${manifest.id}/${name}`, session.outputs, manifest.outputs?.[name]);
    }
    await request.warmUp?.(opened);
    const evidence = profile ? await judgeSessions(device, [...opened.values()]) : 'it was opened there';
    const bytes = request.files.reduce((sum, name) => sum + manifest.files[name].bytes, 0);
    return { sessions: opened, bytes, evidence, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function judgeSessions(device: DeviceUsed, sessions: readonly ProfiledSession[]): Promise<string> {
  const placements = await Promise.all(sessions.map((session) => session.endProfile()));
  const { ok, reason } = judgePlacement(device, sumPlacements(placements));
  if (ok) return reason;
  throw new AppError('DEVICE_REFUSED', { message: reason, details: { device } });
}

/**
 * Compares names, element types and shapes with the manifest. Exporters may rename dynamic dimensions, so
 * only sizes are compared.
 */
function checkInterface(
  where: string,
  found: readonly TensorInfo[],
  wanted: readonly TensorRecord[] | undefined,
): void {
  if (wanted === undefined) return;
  const show = (name: string, dtype: string, shape: readonly (number | string)[]): string =>
    `${name} ${dtype} [${shape.map((dim) => (typeof dim === 'number' ? String(dim) : '?')).join(', ')}]`;
  const inGraph = found.map(({ name, dtype, dims }) => show(name, dtype, dims)).sort();
  const inManifest = wanted.map(({ name, dtype, shape }) => show(name, dtype, shape)).sort();
  if (inGraph.join() !== inManifest.join()) {
    throw modelMismatch(
      `Network ${where} has ${inGraph.join('; ')}, but its manifest says ${inManifest.join('; ')}.`,
    );
  }
}
