import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { serveThread } from '../../threads/serve-thread.js';
import type { Features, GrayImage } from '../types.js';
import { createOpenCvExtractor, type OpenCvExtraction } from './opencv-extraction.js';
import { describeOpenCvError, loadOpenCv, type OpenCvModule } from './opencv-module.js';
import { buffersOf } from './threaded-detector.js';

/** Entry of a worker thread: images in, features out. Requests sent while OpenCV loads wait in the port. */
function serve(port: MessagePort, cv: OpenCvModule): void {
  const extract = createOpenCvExtractor(cv, workerData as OpenCvExtraction);
  serveThread<GrayImage, Features>(port, (image) => {
    try {
      const result = extract(image);
      return { result, transfer: buffersOf(result) };
    } catch (error) {
      throw new Error(describeOpenCvError(cv, error), { cause: error });
    }
  });
}

if (parentPort !== null) {
  const port = parentPort;
  loadOpenCv((cv) => serve(port, cv));
}
