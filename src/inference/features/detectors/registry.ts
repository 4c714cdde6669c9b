import { AppError } from '../../../errors/app-error.js';
import type { Detector, DetectorName } from '../types.js';
import { createOpenCvDetector } from './opencv-detector.js';

/** What every detector can be told. */
export interface DetectorOptions {
  /** Most key points per image. */
  readonly maxFeatures?: number;
  /** Threads to spread images over. */
  readonly threads?: number;
}

type DetectorFactory = (options: DetectorOptions) => Detector;

/** Detectors that run on this machine; a new one is one more entry. */
const FACTORIES: ReadonlyMap<string, DetectorFactory> = new Map<DetectorName, DetectorFactory>([
  ['ORB', (options) => createOpenCvDetector({ ...options, name: 'ORB' })],
  ['AKAZE', (options) => createOpenCvDetector({ ...options, name: 'AKAZE' })],
]);

/** Names that {@link createDetector} accepts, upper case. */
export function availableDetectors(): readonly string[] {
  return [...FACTORIES.keys()];
}

/** Whether `name`, in any case, can be created here. */
export function isDetectorAvailable(name: string): boolean {
  return FACTORIES.has(name.toUpperCase());
}

/**
 * Starts the detector called `name` (any case).
 * @throws AppError DETECTOR_NOT_AVAILABLE for names that this build has no code or network for.
 */
export function createDetector(name: DetectorName | (string & {}), options: DetectorOptions = {}): Detector {
  const factory = FACTORIES.get(name.toUpperCase());
  if (factory !== undefined) return factory(options);
  const available = availableDetectors();
  throw new AppError({
    code: 'DETECTOR_NOT_AVAILABLE',
    kind: 'invalid',
    message: `The detector "${name}" is not available. Available: ${available.join(', ')}.`,
    details: { detector: name, available },
  });
}
