import type { DevicePreference } from '../runtime/device.js';
import type { NetworkLease, NetworkRegistry } from '../runtime/network-registry.js';
import { modelMismatch } from '../runtime/tensor-session.js';
import { listedLabels } from '../store/labels.js';
import { Detector } from './detector.js';
import { DETECTOR_FILE, parseDetectorManifest } from './detector-manifest.js';
import type { FitImage } from './image-input.js';

/** A detector in use. */
export interface OpenDetector {
  readonly detector: Detector;
  /** The caller must release it. */
  readonly lease: Pick<NetworkLease, 'device' | 'identity' | 'release'>;
}

/**
 * Opens a detector in the models folder.
 * @throws AppError of {@link NetworkRegistry.acquire} and {@link Detector.open}; `NETWORK_MANIFEST_INVALID`
 *   when it is not a detector
 */
export async function openDetector(
  registry: NetworkRegistry,
  preference: DevicePreference,
  { id, fit }: { readonly id: string; readonly fit: FitImage },
): Promise<OpenDetector> {
  const manifest = parseDetectorManifest(await registry.folder.manifest(id));
  const labels = (await listedLabels(registry.folder.folderOf(id), manifest)) ?? [];
  const lease = await registry.acquire({
    id,
    files: [DETECTOR_FILE],
    preference,
    warmUp: async (sessions) => {
      const session = sessions.get(DETECTOR_FILE);
      if (session === undefined) throw modelMismatch(`Network ${id} has no graph ${DETECTOR_FILE}.`);
      await Detector.open({ session, manifest, labels, fit });
    },
  });
  try {
    const detector = await Detector.open({ session: lease.session(DETECTOR_FILE), manifest, labels, fit });
    return { detector, lease };
  } catch (error) {
    lease.release();
    throw error;
  }
}
