import type { Task } from '../definition.js';
import { classificationParamsSchema, type ClassificationParams } from './params.js';
import { planClassification, type ClassificationTaskInput } from './plan.js';

/** Classifies a dataset's images in one job, billed per image that was actually classified. */
export const classificationTask: Task<ClassificationParams, ClassificationTaskInput> = {
  name: 'classification',
  media: ['image'],
  pricePreset: 'infernode',
  priceUnits: ['inference.image'],
  params: classificationParamsSchema,
  networks: [
    {
      task: 'classification',
      purpose: 'classify',
      of: ({ modelId, version }) => ({ id: modelId, version }),
    },
  ],
  request: { schemaId: 'NewClassificationInference', example: { modelId: 'shapes', topK: 3 } },
  plan: (items, _params, range) => planClassification(items, range),
  units: ({ input }) => ({ 'inference.image': input.images.length }),
  device: ({ device }) => device,
  pipeline: () => import('./pipeline.js'),
};
