import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { buffersOf, type DetectionReply, type DetectionRequest } from './detection-messages.js';
import { createOpenCvExtractor, type OpenCvExtraction } from './opencv-extraction.js';
import { describeOpenCvError, loadOpenCv, type OpenCvModule } from './opencv-module.js';

/** Entry of a worker thread: images in, features out. Requests sent while OpenCV loads wait in the port. */
function serve(port: MessagePort, cv: OpenCvModule): void {
  const extract = createOpenCvExtractor(cv, workerData as OpenCvExtraction);
  const answer = ({ id, image }: DetectionRequest): DetectionReply => {
    try {
      return { id, features: extract(image) };
    } catch (error) {
      return { id, error: describeOpenCvError(cv, error) };
    }
  };
  port.on('message', (request: DetectionRequest) => {
    const reply = answer(request);
    port.postMessage(reply, 'features' in reply ? buffersOf(reply.features) : []);
  });
}

if (parentPort !== null) {
  const port = parentPort;
  loadOpenCv((cv) => serve(port, cv));
}
