import { parentPort, workerData } from 'node:worker_threads';
import { readManifest, readNetworkFile } from '../../runtime/manifest.js';
import { openOnnxSession } from '../../runtime/onnx-session.js';
import { serveThread } from '../../threads/serve-thread.js';
import type { Features, GrayImage } from '../types.js';
import { parseKeypointManifest } from './keypoint-manifest.js';
import { KeypointNetwork } from './keypoint-network.js';
import { buffersOf } from './threaded-detector.js';

/** What a thread is told at its start. */
export interface KeypointWorkerData {
  /** Folder of the network. */
  readonly folder: string;
  readonly id: string;
  readonly maxFeatures: number;
}

async function openNetwork({ folder, id, maxFeatures }: KeypointWorkerData): Promise<KeypointNetwork> {
  const manifest = parseKeypointManifest(await readManifest(folder, id));
  const model = await readNetworkFile(folder, manifest, 'detector');
  const session = await openOnnxSession({ model, device: 'cpu', threads: 1 });
  return new KeypointNetwork(session, manifest.detector, maxFeatures);
}

/** Entry of a worker thread: images in, features out. A network that cannot be opened fails each request. */
if (parentPort !== null) {
  const network = openNetwork(workerData as KeypointWorkerData);
  network.catch(() => undefined);
  serveThread<GrayImage, Features>(parentPort, async (image) => {
    const result = await (await network).detect(image);
    return { result, transfer: buffersOf(result) };
  });
}
