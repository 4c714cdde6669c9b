import { z } from 'zod';
import type { Task } from '../definition.js';
import { detectedObject, detectionParamsSchema, type DetectionParams } from './params.js';
import { planDetection, requireLabels, unitsOf, type DetectionInput } from './plan.js';

const image = z.object({
  mediaId: z.string(),
  name: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  detections: z.array(detectedObject).meta({ description: 'Highest score first' }),
  annotated: z.string().nullable().meta({ description: 'Name in the ZIP' }),
  warnings: z.array(z.string()),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

const frame = z.object({
  frame: z.number().int(),
  timeSeconds: z.number(),
  detections: z.array(detectedObject),
});

const inZip = 'Absent from long results: `detectionsIn` then names the file in the ZIP that has them';

/** Detects objects in a dataset's images and videos, billed per image or frame. */
export const detectionTask: Task<DetectionParams, DetectionInput> = {
  name: 'detection',
  media: ['image', 'video'],
  pricePreset: 'detection',
  priceUnits: ['inference.image', 'inference.video_frame'],
  params: detectionParamsSchema,
  networks: [
    {
      task: 'detection',
      purpose: 'find objects',
      of: ({ modelId, version }) => ({ id: modelId, version }),
      check: (network, { labels = [] }) => requireLabels(network, labels, 'labels'),
    },
  ],
  request: {
    schemaId: 'NewDetectionInference',
    example: { modelId: 'shapes_detection', threshold: 0.5, frameStep: 5 },
    description: 'Detection creates one job for all images and one for each video.',
  },
  result: {
    objects: z
      .number()
      .int()
      .meta({ description: 'Detection only: number of objects in all images or frames' }),
    objectsByLabel: z
      .record(z.string(), z.number())
      .meta({ description: 'Detection only: number of objects by label' }),
    images: z.array(image).meta({ description: `Detection in images only. ${inZip}` }),
    videoFrames: z.array(frame).meta({ description: `Detection in a video only. ${inZip}` }),
  },
  plan: planDetection,
  units: ({ input }) => unitsOf(input),
  device: ({ device }) => device,
  pipeline: () => import('./pipeline.js'),
};
