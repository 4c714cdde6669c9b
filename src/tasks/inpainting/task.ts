import type { Task } from '../definition.js';
import { inpaintingParamsSchema, requestedDevice, type InpaintingParams } from './params.js';
import { holeWarnings, planInpainting, unitsOfItems, type InpaintingInput } from './plan.js';

/** Fills the masked part of images and videos: one job over all items of a dataset that have a mask. */
export const inpaintingTask: Task<InpaintingParams, InpaintingInput> = {
  name: 'inpainting',
  media: ['image', 'video'],
  pricePreset: 'inpainting',
  priceUnits: ['inference.image', 'inference.video_frame'],
  params: inpaintingParamsSchema,
  plan: planInpainting,
  units: ({ input }) => unitsOfItems(input.items),
  warnings: ({ input }) => holeWarnings(input),
  device: requestedDevice,
  pipeline: () => import('./pipeline.js'),
};
