import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { messageOf } from '../../../errors/app-error.js';
import { readManifest, readNetworkFile } from '../../runtime/manifest.js';
import { openOnnxSession } from '../../runtime/onnx-session.js';
import { buffersOf, type DetectionReply, type DetectionRequest } from './detection-messages.js';
import { parseKeypointManifest } from './keypoint-manifest.js';
import { KeypointNetwork } from './keypoint-network.js';

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

/** Entry of a worker thread: images in, features out, one after the other. A network that cannot be opened fails each request. */
function serve(port: MessagePort, network: Promise<KeypointNetwork>): void {
  const answer = async ({ id, image }: DetectionRequest): Promise<DetectionReply> => {
    try {
      return { id, features: await (await network).detect(image) };
    } catch (error) {
      return { id, error: messageOf(error) };
    }
  };
  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: DetectionRequest) => {
    last = last.then(async () => {
      const reply = await answer(request);
      port.postMessage(reply, 'features' in reply ? buffersOf(reply.features) : []);
    });
  });
}

if (parentPort !== null) {
  const network = openNetwork(workerData as KeypointWorkerData);
  network.catch(() => undefined);
  serve(parentPort, network);
}
