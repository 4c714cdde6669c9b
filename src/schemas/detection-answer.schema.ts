import { z } from 'zod';
import { detectedObject } from '../tasks/detection/params.js';
import { batchAnswer, batchEntry, imageAnswer } from './image-answer.schema.js';

const detections = z.array(detectedObject).meta({ description: 'The highest score first' });

/** The answer about the objects of one image. */
export const detected = z
  .object({ ...imageAnswer, detections, results: z.object({ detections }) })
  .meta({ id: 'DetectionAnswer' });

/** The answer about the objects of a batch. */
export const detectedBatch = z
  .object({
    ...batchAnswer,
    success: z.boolean().meta({ description: 'Whether every image was searched' }),
    detections: z
      .array(detections)
      .meta({ description: 'By image; empty for one that failed, see `results`' }),
    results: z.array(z.object({ ...batchEntry, detections })),
  })
  .meta({ id: 'DetectionBatchAnswer' });
