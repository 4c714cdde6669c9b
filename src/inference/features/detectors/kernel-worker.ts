import { parentPort, workerData } from 'node:worker_threads';
import { serveThread } from '../../threads/serve-thread.js';
import type { Features, GrayImage } from '../types.js';
import { AkazeExtractor } from './akaze/akaze-extraction.js';
import { OrbExtractor } from './orb/orb-extraction.js';
import { buffersOf } from './threaded-detector.js';

/** What a thread is told at its start. */
export interface KernelWorkerData {
  readonly name: 'ORB' | 'AKAZE';
  readonly maxFeatures: number;
}

/** Entry of a worker thread: images in, features out. */
if (parentPort !== null) {
  const { name, maxFeatures } = workerData as KernelWorkerData;
  const extractor = name === 'ORB' ? new OrbExtractor(maxFeatures) : new AkazeExtractor(maxFeatures);
  serveThread<GrayImage, Features>(parentPort, (image) => {
    const result = extractor.extract(image);
    return { result, transfer: buffersOf(result) };
  });
}
