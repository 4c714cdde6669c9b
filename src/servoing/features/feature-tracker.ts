import type { SessionOpener } from '../../networks/runtime/onnx-session.js';
import type { Features } from '../../vision/features/types.js';
import type { PlanePoint } from '../../vision/geometry/lens.js';
import type { Image } from '../../vision/image/image.js';
import { openDetector, type DetectorSource, type OpenedDetector } from './detectors/open-detector.js';
import { openFeatureMatcher, type FeatureMatcher } from './feature-matcher.js';
import { rectifyFeatures, rectifyPoint, type LensView } from './rectify-features.js';
import { trackFeatures, type TrackedFeatures } from './track-features.js';

/** Components of a feature tracker, as plain data that can be sent to threads. */
export interface FeatureTrackerOptions {
  readonly detector: DetectorSource;
  /** Models folder, from which the matcher network is opened. */
  readonly modelsDirectory: string;
}

interface KnownGoal {
  readonly features: Features;
  readonly matcher: FeatureMatcher;
}

/**
 * Detector, matcher and geometric check in this thread, one image at a time. When the detector cannot be opened, every
 * call fails.
 */
export class FeatureTracker {
  readonly #modelsDirectory: string;
  readonly #detector: Promise<OpenedDetector>;
  #goal: KnownGoal | undefined;

  /** @param open opens the detector's graph */
  constructor({ detector, modelsDirectory }: FeatureTrackerOptions, open?: SessionOpener) {
    this.#modelsDirectory = modelsDirectory;
    this.#detector = openDetector(detector, open);
    this.#detector.catch(() => undefined);
  }

  /** Resolves when the detector is loaded. @throws why it cannot be opened */
  async opened(): Promise<void> {
    await this.#detector;
  }

  /** Finds the features of an image that may become a goal. */
  async detect(image: Image): Promise<Features> {
    return (await this.#detector).detectGoal(image);
  }

  /** Sets the goal features that {@link track} looks for. */
  async setGoal(features: Features): Promise<void> {
    await this.#goal?.matcher.close();
    this.#goal = undefined;
    const matcher = await openFeatureMatcher(features.descriptors.kind, this.#modelsDirectory);
    this.#goal = { features, matcher };
  }

  /**
   * Finds the goal's features in an image; requires {@link setGoal}.
   * @param lens lens of the image; the returned points are rectified
   */
  async track(frame: Image, lens?: LensView): Promise<TrackedFeatures> {
    if (this.#goal === undefined) throw new Error('Set a goal before tracking.');
    const { features: goal, matcher } = this.#goal;
    const { detect, findPatches } = await this.#detector;
    const start = performance.now();
    const features = rectifyFeatures(await detect(frame, goal.sensitive), lens);
    const detectMs = performance.now() - start;
    const rectify = (seen: PlanePoint): PlanePoint | null => rectifyPoint(seen, lens);
    const image = findPatches && { find: findPatches, rectify };
    return { detectMs, ...(await trackFeatures(goal, features, { matcher, image })) };
  }

  /** Releases the memory of its networks. */
  async close(): Promise<void> {
    await this.#goal?.matcher.close();
    this.#goal = undefined;
    await (await this.#detector.catch(() => undefined))?.close();
  }
}
