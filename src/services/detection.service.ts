import type { DetectOptions } from '../domain/detection.js';
import type { ImageDetections, ImageSource, NetworkEngines } from '../domain/network.js';
import { ImageRequestService, type ImageRequestDeps } from './image-request.service.js';

/** Detects objects in images synchronously. */
export class DetectionService extends ImageRequestService<ImageSource, DetectOptions, ImageDetections> {
  constructor({ engines, ...deps }: ImageRequestDeps & { readonly engines: Pick<NetworkEngines, 'detect'> }) {
    super(deps, {
      needed: { task: 'detection', purpose: 'find objects' },
      noun: 'Detection',
      done: 'searched for objects',
      run: (request) => engines.detect(request),
    });
  }
}
