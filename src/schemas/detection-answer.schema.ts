import { z } from 'zod';
import { detectedObject } from '../tasks/detection/params.js';
import { batchAnswer, batchEntry, imageAnswer } from './image-answer.schema.js';

const detections = z.array(detectedObject).meta({ description: 'In descending order of score' });

/** The response about the objects in one image. */
export const detected = z
  .object({ ...imageAnswer, detections, results: z.object({ detections }) })
  .meta({ id: 'DetectionAnswer' });

/** The response about the objects in a batch. */
export const detectedBatch = z
  .object({
    ...batchAnswer,
    success: z.boolean().meta({ description: 'Whether every image was processed' }),
    detections: z
      .array(detections)
      .meta({ description: 'Per image; empty for an image that failed, see `results`' }),
    results: z.array(z.object({ ...batchEntry, detections })),
  })
  .meta({ id: 'DetectionBatchAnswer' });
