import { AppError } from '../../../errors/app-error.js';
import { ModelsFolder } from '../../../networks/store/models-folder.js';
import { FeaturePipeline, type FeaturePipelineOptions } from '../feature-pipeline.js';
import { KERNEL_DETECTORS, type KernelDetectorName } from '../../../vision/features/types.js';
import {
  parseKeypointManifest,
  type KeypointManifest,
} from '../../../networks/keypoints/keypoint-manifest.js';

/** Default maximum of key points per image. */
const DEFAULT_MAX_FEATURES = 1024;

/** Options of every detector. */
export interface DetectorOptions {
  /** Models folder; its detectors are available in addition to the built-in ones. */
  readonly modelsDirectory: string;
  /** Maximum key points per image; default 1024. */
  readonly maxFeatures?: number;
  /** Number of threads; default 1. */
  readonly threads?: number;
}

/** Detector networks of the models folder; broken manifests are skipped. */
async function detectorNetworks(modelsDirectory: string): Promise<readonly KeypointManifest[]> {
  const { networks } = await new ModelsFolder(modelsDirectory).manifests();
  const found: KeypointManifest[] = [];
  for (const manifest of networks.filter(({ task }) => task === 'features')) {
    try {
      found.push(parseKeypointManifest(manifest));
    } catch {
      // One broken network must not disable the others; the readiness check reports it.
    }
  }
  return found;
}

/** Names that {@link createFeaturePipeline} accepts, as written in results. */
export async function availableDetectors(modelsDirectory: string): Promise<readonly string[]> {
  const networks = (await detectorNetworks(modelsDirectory)).map(({ detector }) => detector.name);
  return [...new Set([...networks, ...KERNEL_DETECTORS])];
}

/**
 * Starts the feature pipeline of {@link planFeaturePipeline}.
 * @throws AppError DETECTOR_NOT_AVAILABLE for unknown names
 */
export async function createFeaturePipeline(
  name: KernelDetectorName | (string & {}),
  options: DetectorOptions,
): Promise<FeaturePipeline> {
  return new FeaturePipeline(await planFeaturePipeline(name, options));
}

/**
 * What a feature pipeline with the detector `name` (case-insensitive) is made of: a network of the models folder, or a
 * built-in one. A network with the name of a built-in detector replaces it.
 * @throws AppError DETECTOR_NOT_AVAILABLE for unknown names
 */
export async function planFeaturePipeline(
  name: KernelDetectorName | (string & {}),
  { modelsDirectory, maxFeatures = DEFAULT_MAX_FEATURES, threads = 1 }: DetectorOptions,
): Promise<FeaturePipelineOptions> {
  const same = (other: string): boolean => other.toUpperCase() === name.toUpperCase();
  const network = (await detectorNetworks(modelsDirectory)).find(({ detector }) => same(detector.name));
  if (network !== undefined) {
    const detector = { kind: 'network', modelsDirectory, id: network.id, maxFeatures } as const;
    const digest = Object.values(network.files)
      .map(({ sha256 }) => sha256)
      .join();
    return { name: network.detector.name, detector, digest, modelsDirectory, threads };
  }
  const builtIn = KERNEL_DETECTORS.find(same);
  if (builtIn !== undefined) {
    const detector = { kind: 'kernel', name: builtIn, maxFeatures } as const;
    return { name: builtIn, detector, modelsDirectory, threads };
  }
  const available = await availableDetectors(modelsDirectory);
  throw new AppError('DETECTOR_NOT_AVAILABLE', {
    message: `The detector "${name}" is not available. Available: ${available.join(', ')}.`,
    details: { detector: name, available },
  });
}
