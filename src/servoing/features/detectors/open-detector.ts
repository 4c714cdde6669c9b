import { ModelsFolder } from '../../../networks/store/models-folder.js';
import { openOnnxSession, type SessionOpener } from '../../../networks/runtime/onnx-session.js';
import type { FindPatches } from '../../../vision/features/alignment/align-matches.js';
import type { Features, KernelDetectorName } from '../../../vision/features/types.js';
import { AkazeExtractor } from '../../../vision/features/akaze/akaze-extraction.js';
import { parseKeypointManifest } from '../../../networks/keypoints/keypoint-manifest.js';
import { KeypointNetwork } from '../../../networks/keypoints/keypoint-network.js';
import { OrbExtractor } from '../../../vision/features/orb/orb-extraction.js';
import { SiftExtractor } from '../../../vision/features/sift/sift-extraction.js';
import type { Image } from '../../../vision/image/image.js';

/** Description of a detector as plain data that can be sent to threads. */
export type DetectorSource = {
  /** Maximum key points per image. */
  readonly maxFeatures: number;
} & (
  | { readonly kind: 'kernel'; readonly name: KernelDetectorName }
  /** A network of the models folder. */
  | { readonly kind: 'network'; readonly modelsDirectory: string; readonly id: string }
);

/** A detector opened in this thread; processes one image at a time. */
export interface OpenedDetector {
  /** The features of a goal, with what its frames are searched for. */
  detectGoal(image: Image): Features | Promise<Features>;
  /** @param sensitive whether the goal of the image's clip needed weak contrasts */
  detect(image: Image, sensitive?: boolean): Features | Promise<Features>;
  /** Finds patches of a goal in the image of the last call; of detectors that give a goal patches. */
  readonly findPatches?: FindPatches;
  /** Releases the memory of its network. */
  close(): Promise<void>;
}

/** The detectors of this product with plain features. */
const EXTRACTORS = { SIFT: SiftExtractor, AKAZE: AkazeExtractor };

/**
 * Opens a detector in this thread.
 * @throws errors of reading and opening a network
 */
export async function openDetector(
  source: DetectorSource,
  open: SessionOpener = openOnnxSession,
): Promise<OpenedDetector> {
  const { maxFeatures } = source;
  if (source.kind === 'network') {
    const folder = new ModelsFolder(source.modelsDirectory);
    const manifest = parseKeypointManifest(await folder.manifest(source.id));
    const model = await folder.read(manifest, 'detector');
    const session = await open({ model, device: 'cpu', threads: 1 });
    const network = new KeypointNetwork(session, manifest.detector, maxFeatures);
    return {
      detectGoal: (image) => network.detect(image),
      detect: (image, sensitive) => network.detect(image, sensitive),
      close: () => session.close(),
    };
  }
  const close = async (): Promise<void> => undefined;
  if (source.name === 'ORB') {
    const orb = new OrbExtractor(maxFeatures);
    const findPatches: FindPatches = (searches) => orb.find(searches);
    return {
      detectGoal: (image) => orb.extract(image, true),
      detect: (image) => orb.extract(image),
      findPatches,
      close,
    };
  }
  const extractor: Pick<SiftExtractor, 'extract'> = new EXTRACTORS[source.name](maxFeatures);
  return {
    detectGoal: (image) => extractor.extract(image),
    detect: (image, sensitive) => extractor.extract(image, sensitive),
    close,
  };
}
