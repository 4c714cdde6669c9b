import { z } from 'zod';
import { requireLabels } from '../detection/plan.js';
import type { Task } from '../definition.js';
import { inpaintingParamsSchema, isFillModel, requestedDevice, type InpaintingParams } from './params.js';
import { holeWarnings, planInpainting, unitsOfItems, type InpaintingInput } from './plan.js';

/** Fills holes in images and videos: the uploaded masks, or the objects that a detector finds. */
export const inpaintingTask: Task<InpaintingParams, InpaintingInput> = {
  name: 'inpainting',
  media: ['image', 'video'],
  pricePreset: 'inpainting',
  priceUnits: ['inference.image', 'inference.video_frame'],
  params: inpaintingParamsSchema,
  networks: [
    {
      task: 'detection',
      purpose: 'find objects',
      of: ({ mask }) => (mask ? { id: mask.detector, version: mask.version } : null),
      check: (network, { mask }) => requireLabels(network, mask?.labels ?? [], 'mask.labels'),
    },
    {
      task: 'inpainting',
      purpose: 'fill holes',
      of: ({ modelId }) => (isFillModel(modelId) ? null : { id: modelId }),
    },
  ],
  request: {
    schemaId: 'NewInpaintingInference',
    example: { mask: { detector: 'shapes_detection', labels: ['circle'], grow: 4 } },
    description:
      'Inpainting creates one job for all items with masks, or, with `mask`, for all images and videos, in which a detector finds the objects to fill.',
  },
  result: {
    masks: z
      .looseObject({
        objects: z.number().int().meta({ description: 'Objects in all images and frames' }),
        objectsByLabel: z.record(z.string(), z.number()),
      })
      .meta({
        description:
          'Inpainting with `mask` only: the detector and its detections, in `found` by image or frame; in long results `detectionsIn` names the file in the ZIP that has them',
      }),
  },
  plan: planInpainting,
  units: ({ input }) => unitsOfItems(input.items),
  warnings: ({ input }) => holeWarnings(input),
  device: requestedDevice,
  pipeline: () => import('./pipeline.js'),
};
