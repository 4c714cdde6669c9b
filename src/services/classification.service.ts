import type { Classification, ClassifyOptions, ClassifySource, NetworkEngines } from '../domain/network.js';
import { ImageRequestService, type ImageRequestDeps } from './image-request.service.js';

/** Classifies images and tensors synchronously. */
export class ClassificationService extends ImageRequestService<
  ClassifySource,
  ClassifyOptions,
  Classification
> {
  constructor({
    engines,
    ...deps
  }: ImageRequestDeps & { readonly engines: Pick<NetworkEngines, 'classify'> }) {
    super(deps, {
      needed: { task: 'classification', purpose: 'classify' },
      noun: 'Classification',
      done: 'classified',
      run: (request) => engines.classify(request),
    });
  }
}
