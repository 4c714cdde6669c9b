import { z } from 'zod';
import { requireLabels } from '../detection/plan.js';
import type { Task } from '../definition.js';
import { inpaintingParamsSchema, isFillModel, requestedDevice, type InpaintingParams } from './params.js';
import { holeWarnings, planInpainting, unitsOfItems, type InpaintingInput } from './plan.js';

/** Fills parts of images and videos: of all items of a dataset that have a mask, or what a detector finds in all of them. */
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
      'Inpainting makes one job: of the items with masks, or with `mask` of all images and videos, in which a detector finds what is filled.',
  },
  result: {
    masks: z
      .looseObject({
        objects: z.number().int().meta({ description: 'Objects in all images and frames' }),
        objectsByLabel: z.record(z.string(), z.number()),
      })
      .meta({
        description:
          'Of inpainting with `mask`: the detector and what it found, in `found` by image or frame; in long results `detectionsIn` names the file of the ZIP that has it',
      }),
  },
  plan: planInpainting,
  units: ({ input }) => unitsOfItems(input.items),
  warnings: ({ input }) => holeWarnings(input),
  device: requestedDevice,
  pipeline: () => import('./pipeline.js'),
};
