import type { Detector } from '../types.js';
import type { OpenCvDetectorName, OpenCvExtraction } from './opencv-extraction.js';
import { ThreadedDetector } from './threaded-detector.js';

/** How an OpenCV detector runs. */
export interface OpenCvDetectorOptions {
  readonly name: OpenCvDetectorName;
  /** Most key points per image; 1024 by default. */
  readonly maxFeatures?: number;
  /** Worker threads, each with its own OpenCV (180 MB); 1 by default. */
  readonly threads?: number;
}

/** Most key points per image where nothing else is said. */
export const DEFAULT_MAX_FEATURES = 1024;

/** OpenCV.js in worker threads of its own. */
export function createOpenCvDetector(options: OpenCvDetectorOptions): Detector {
  const { name, maxFeatures = DEFAULT_MAX_FEATURES, threads = 1 } = options;
  const workerData: OpenCvExtraction = { name, maxFeatures };
  const entry = new URL('./opencv-worker.js', import.meta.url);
  return new ThreadedDetector({ name, entry, workerData, threads });
}
